//! The finding codes: one table with what each is called, means, weighs under each profile, and what to do about it.
//!
//! Ids are stable: a code keeps its meaning for ever, and a code that is no longer found is never given to another.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Profile;

/// How much a finding weighs, lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To know, or a duty to fulfil.
    Note,
    /// To decide.
    Warning,
    /// Denied.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What is known of a code.
#[derive(Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// Its stable id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it means, as a sentence.
    pub description: &'static str,
    /// What can be done, where a finding has nothing more fitting to say.
    pub fix: &'static str,
    /// Its weight under each profile, in the order of [`Profile::ALL`], unless the policy decides.
    severities: [Severity; 5],
}

use Severity::{Error as E, Note as N, Warning as W};

macro_rules! codes {
    ($($code:ident $id:literal $name:literal [$($severity:ident)*] $description:literal $fix:literal;)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $description] $code,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Its row of the table.
            #[must_use]
            pub const fn info(self) -> &'static CodeInfo {
                match self {
                    $(Self::$code => &CodeInfo {
                        code: Self::$code,
                        id: $id,
                        name: $name,
                        description: $description,
                        fix: $fix,
                        severities: [$($severity),*],
                    },)*
                }
            }
        }
    };
}

// Columns: variant, id, name, weight under commercial, research, internal, redistribute, hosted, description, fix.
codes! {
    Unknown "LIC001" "UNKNOWN" [E E E E E]
        "A licence is missing, cannot be read, or is not known."
        "name the licence of the part, or describe it in a catalogue layer (`licenses.d`)";
    Split "LIC003" "SPLIT" [W N N W W]
        "The parts of one package have licences of very different classes."
        "look at the part that is used, not at the package; ask for one expression a part";
    Class "LIC004" "CLASS" [E E E E E]
        "A licence is of a class that the policy does not allow."
        "use another package, or add the class to `allow-classes` or the licence to `allow`, both under `[policy]` in audit.toml";
    NonCommercial "LIC010" "NC" [E E E E E]
        "Terms that bar commercial use apply, and the policy does not allow them."
        "use another package, or get a commercial licence and record it as an `[[exception]]` in audit.toml";
    NcMasked "LIC011" "NC-MASKED" [E W W W W]
        "A package with permissive terms stands on something whose terms bar commercial use."
        "build on another base, get a commercial licence for it, or have the package declare the terms it inherits";
    NoDerivatives "LIC012" "ND" [E N N E E]
        "Adaptations may not be shared, or something was made from what may not be adapted."
        "use the original unchanged, or ask the licensor for the right to adapt";
    Relicense "LIC020" "RELICENSE" [E W W E E]
        "A package declares terms that lack what the licence of its origin asks to be kept."
        "have the package declare the inherited licence; only its publisher can repair it";
    Copyleft "LIC022" "COPYLEFT" [N N N W N]
        "What is made from it must stay under the same licence."
        "publish what is made from it under the same licence, or use another package";
    ShareAlike "LIC023" "SA-DATA" [N N N W N]
        "Adapted data must stay under the same licence."
        "publish adapted data under the same licence, or use other data";
    FlowDown "LIC030" "FLOWDOWN" [N N N W W]
        "Use restrictions must be written into the terms under which it is passed on or served."
        "put the restrictions into the terms given to others";
    Naming "LIC031" "NAME" [N N N W N]
        "What is made from it must carry a name that the licence prescribes."
        "name it as the licence asks";
    Display "LIC032" "DISPLAY" [N N N W N]
        "Something must be shown to users."
        "show what the licence asks for, where it asks for it";
    Notice "LIC033" "NOTICE" [N N N N N]
        "Notices must be passed on."
        "ship the notices with every copy";
    Attribution "LIC034" "ATTR" [N N N N N]
        "The source must be named."
        "name the source and the licence with every copy";
    PayloadMissing "LIC035" "PAYLOAD-MISSING" [W N N E W]
        "A licence is declared, but its text is not shipped."
        "ship the text, for example as `LICENSES/<id>.txt`, and list it under `files` in `[license]`";
    Deployer "LIC036" "DEPLOYER" [W N N N W]
        "Who runs it has duties of their own: filters, disclosure."
        "fulfil the duty before going into service";
    Scale "LIC040" "SCALE" [E N W E E]
        "The terms change at a size of user."
        "get a licence from the licensor, or use another package";
    Geo "LIC041" "GEO" [E E E E E]
        "Nothing is granted in some places."
        "use another package there, or ask the licensor";
    Register "LIC042" "REGISTER" [W N N W W]
        "Use needs a registration, an application or an agreement."
        "register, and keep the answer; record it as an `[[exception]]` in audit.toml where it lifts a limit";
    Field "LIC043" "FIELD" [N N N N N]
        "Some purposes are forbidden, and the policy may not allow such terms at all."
        "check the purposes; when they fit, add the class to `allow-classes` or the licence to `allow`, both under `[policy]` in audit.toml";
    Output "LIC050" "OUTPUT" [W N N W W]
        "The terms of a model reach what is made with its output."
        "check the purpose, or use a model whose terms leave output free";
    Contested "LIC060" "CONTESTED" [W W W W W]
        "Whether terms reach a package is contested, and the policy would not allow them."
        "decide it in audit.toml: `training-data = \"inherit\"` under `[policy]` counts such terms, an `[[exception]]` records that they were weighed";
    Undisclosed "LIC061" "UNDISCLOSED" [W W W W W]
        "Part of the lineage is declared but not disclosed."
        "ask the publisher for a card of what is undisclosed, with its licence";
    Revocable "LIC070" "REVOCABLE" [N N N N N]
        "The licensor may end the licence."
        "keep a copy of the terms with their date, and a way to do without";
    MutablePolicy "LIC071" "MUTABLE-AUP" [W N N W W]
        "A use policy is part of the terms and may change."
        "keep a copy of the policy with its date and hash";
    RevisionPin "LIC080" "REV-PIN" [W W W W W]
        "Something outside is named by what can move, so nobody knows which licence was meant."
        "name the commit: `revision = \"<40 hex digits>\"`";
    WaiverExpired "LIC100" "WAIVER-EXPIRED" [W W W W W]
        "An exception is no longer valid."
        "look at the reason again; renew it with a new day, or remove it";
    WaiverUnused "LIC101" "WAIVER-UNUSED" [W W W W W]
        "An exception covers nothing that was found."
        "remove it, or correct its package, version, part, licence or text";
    WaiverTooLong "LIC102" "WAIVER-TOO-LONG" [W W W W W]
        "An exception was granted for longer than the policy allows, and does not count."
        "give it a day within the `max-waiver-days` under `[policy]` in audit.toml";
    Yanked "ADV001" "YANKED" [W W W W W]
        "A release was yanked."
        "use another version";
    Withdrawn "ADV002" "WITHDRAWN" [E E E E E]
        "A release was withdrawn."
        "use another version or another package";
    // The action of an advisory says what it weighs, whatever the use is.
    Advisory "ADV003" "ADVISORY" [E E E E E]
        "An advisory names the release or one of its files."
        "use another version or another package; when the harm does not concern you, ignore it in audit.toml: `[[ignore]]` with `id`, `reason` and `until`";
    AdvisoryInherited "ADV004" "ADVISORY-INHERITED" [E E E E E]
        "An advisory names something that the release was made from."
        "use what was made from something else; when the harm is not handed down, ignore it in audit.toml: `[[ignore]]` with `id`, `reason` and `until`";
    IgnoreExpired "ADV100" "IGNORE-EXPIRED" [W W W W W]
        "An advisory is no longer ignored."
        "look at the reason again; renew it with a new day, or remove it";
    IgnoreUnused "ADV101" "IGNORE-UNUSED" [W W W W W]
        "An advisory is ignored that was not found."
        "remove the entry, or correct its id";
    IgnoreTooLong "ADV102" "IGNORE-TOO-LONG" [W W W W W]
        "An advisory is ignored for longer than the policy allows, which does not count."
        "give it a day within the `max-waiver-days` under `[policy]` in audit.toml";
}

impl Code {
    /// How much it weighs under a profile when the policy does not decide.
    #[must_use]
    pub fn severity(self, profile: Profile) -> Severity {
        let [commercial, research, internal, redistribute, hosted] = self.info().severities;
        match profile {
            Profile::Commercial => commercial,
            Profile::Research => research,
            Profile::Internal => internal,
            Profile::Redistribute => redistribute,
            Profile::Hosted => hosted,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.info().id)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.info().id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_and_names_are_unique() {
        let infos: Vec<_> = Code::ALL.iter().map(|code| code.info()).collect();
        assert_eq!(infos.iter().map(|info| info.id).collect::<BTreeSet<_>>().len(), infos.len());
        assert_eq!(infos.iter().map(|info| info.name).collect::<BTreeSet<_>>().len(), infos.len());
    }

    #[test]
    fn the_table_judges_in_classes_and_not_in_slogans() {
        for info in Code::ALL.iter().map(|code| code.info()) {
            let text = format!("{} {}", info.description, info.fix).to_lowercase();
            let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
            assert!(!words.contains(&"open") && !text.contains("violat"), "{}: {text}", info.id);
            assert!(info.description.ends_with('.') && !info.fix.ends_with('.'), "{}", info.id);
        }
    }
}
