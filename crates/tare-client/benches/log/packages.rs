//! The packages of generated registries: `lab-<n>/model-<i>`, each signed for by one key.

use tare_format::event::{Change, EventBody, Published, SignatureRef, SignerKey};
use tare_format::manifest::{DependencyRelation, Kind};
use tare_format::release::{
    About, FileClass, MetaArchive, RELEASE_FORMAT, Release, ReleaseDependency, ReleaseFile,
};
use tare_format::{Blake3, PackageName, ReleaseId, Sha256};
use tare_sign::{Claim, KeyPair, Signer as _, sign_release};
use tare_store::ObjectKey;

use crate::ledger::{Ledger, Outcome};

/// How many namespaces there are at most.
pub(crate) const NAMESPACES: usize = 1_000;
/// Who owns them all.
pub(crate) const OWNER: &str = "ann";

/// Makes releases.
pub(crate) struct Publisher {
    key: KeyPair,
}

/// A release document and its signature.
struct Signed {
    published: Published,
    document: Vec<u8>,
    bundle: Vec<u8>,
}

impl Publisher {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self { key: KeyPair::generate()? })
    }

    /// The event by which the key may sign for a package.
    pub(crate) fn signer(&self, package: usize) -> Outcome<EventBody> {
        let key: SignerKey = self.key.public_key().to_signer_key();
        Ok(EventBody::Signer { package: name(package)?, key, change: Change::Add })
    }

    /// Publishes a version that can be installed: document and signature are there, and the line stands on the page.
    pub(crate) fn publish(
        &self,
        ledger: &mut Ledger,
        package: usize,
        minor: u64,
        base: Option<usize>,
    ) -> Outcome<()> {
        let signed = self.sign(ledger, package, minor, base)?;
        let digest = signed.published.release;
        ledger.put(ObjectKey::Release(digest).path(), signed.document);
        let bundle = Sha256::of(&signed.bundle);
        ledger.put(ObjectKey::Signature(bundle).path(), signed.bundle);
        ledger.log(OWNER, EventBody::Publish(Box::new(signed.published)))
    }

    fn sign(
        &self,
        ledger: &Ledger,
        package: usize,
        minor: u64,
        base: Option<usize>,
    ) -> Outcome<Signed> {
        let mut published = published(package, minor, base)?;
        let document = document(&published)?.to_bytes()?;
        published.release = Sha256::of(&document);
        published.release_size = document.len() as u64;
        let release = ReleaseId { name: name(package)?, version: published.version.clone() };
        let registry = ledger.id().clone();
        let claim = Claim { release, digest: published.release, registry };
        let bundle = sign_release(&claim, &self.key)?;
        let (sha256, size) = (Sha256::of(&bundle), bundle.len() as u64);
        published.signatures = vec![SignatureRef { sha256, size }];
        Ok(Signed { published, document, bundle })
    }
}

pub(crate) fn name(package: usize) -> Outcome<PackageName> {
    Ok(format!("lab-{}/model-{package}", package % NAMESPACES).parse()?)
}

/// What the page of a package says of version 1.`minor`.0. Digests are invented: of most packages nobody asks for more.
pub(crate) fn published(package: usize, minor: u64, base: Option<usize>) -> Outcome<Published> {
    let invented = Sha256::of(format!("{package} {minor}").as_bytes());
    let needed = |base| {
        let (requirement, relation) = ("^1".parse()?, DependencyRelation::Base);
        Ok(ReleaseDependency { name: name(base)?, requirement, relation, variant: None })
    };
    Ok(Published {
        package: name(package)?,
        version: format!("1.{minor}.0").parse()?,
        kind: Kind::Model,
        release: invented,
        release_size: 4_321,
        dependencies: base.map(needed).into_iter().collect::<Outcome<_>>()?,
        variants: Vec::new(),
        default_variant: None,
        license: serde_json::from_str(r#"{"weights":"Apache-2.0"}"#)?,
        size: 16_000_000_000,
        signatures: vec![SignatureRef { sha256: invented, size: 900 }],
    })
}

/// A document of eight files.
fn document(published: &Published) -> Outcome<Release> {
    let file = |number: usize| {
        let seed = format!("{} {} {number}", published.package, published.version);
        Ok(ReleaseFile {
            path: format!("model-{number}-of-8.safetensors").parse()?,
            size: 2_000_000_000,
            sha256: Sha256::of(seed.as_bytes()),
            class: FileClass::Data,
            recipe: Some(Blake3::of(seed.as_bytes())),
            variant: None,
            media_type: "application/octet-stream".to_owned(),
        })
    };
    Ok(Release {
        format: RELEASE_FORMAT.to_owned(),
        name: published.package.clone(),
        version: published.version.clone(),
        kind: published.kind,
        about: About::default(),
        license: published.license.clone(),
        license_files: Vec::new(),
        dependencies: published.dependencies.clone(),
        lineage: Vec::new(),
        undisclosed: Vec::new(),
        variants: None,
        files: (1..=8).map(file).collect::<Outcome<_>>()?,
        meta: MetaArchive { sha256: Sha256::of(b"meta"), size: 4_096 },
        card: None,
        evaluations: Vec::new(),
        tool: "tare 0.1.0".to_owned(),
    })
}
