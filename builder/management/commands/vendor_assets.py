"""Rebuild the vendored style sheet, scripts and icons, and record their hashes."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

BUILDER_DIR = Path(__file__).resolve().parents[2]
SOURCE_DIR = BUILDER_DIR / "vendor_src"
VENDOR_DIR = BUILDER_DIR / "static" / "vendor"

SASS_VERSION = "1.108.2"
FORBIDDEN_IN_CSS = ("frutiger", "assets.nhs.uk", "#005eb8", "http:", "https:", "url(//", 'url("//')
SOURCE_MAP_LINE = re.compile(r"\s*//# sourceMappingURL=\S+\s*$")


@dataclass(frozen=True)
class Package:
    """One npm package and the files we take from it: ours ← theirs."""

    npm: str
    version: str
    licence: str
    directory: str
    files: dict[str, str]


NHSUK = Package(
    npm="nhsuk-frontend",
    version="10.6.1",
    licence="MIT",
    directory="nhsuk-10.6.1",
    files={"nhsuk-frontend.min.js": "dist/nhsuk/nhsuk-frontend.min.js"},
)
HTMX = Package(
    npm="htmx.org",
    version="2.0.10",
    licence="0BSD",
    directory="htmx-2.0.10",
    files={"htmx.min.js": "dist/htmx.min.js", "LICENCE.txt": "LICENSE"},
)
PACKAGES = (HTMX, NHSUK)
STYLE_SHEET = "nhsuk-clinwright.css"
ICONS = "dist/nhsuk/assets/images"


class Command(BaseCommand):
    """Fetch the pinned npm packages, compile the style sheet and write it all below static/vendor."""

    help = "Rebuild builder/static/vendor from the pinned npm packages (needs node, npm and npx)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Build in a temporary directory first, so that a failure leaves the old files in place."""
        with tempfile.TemporaryDirectory() as name:
            workshop = Path(name)
            install_packages(workshop)
            built = workshop / "vendor"
            for package in PACKAGES:
                copy_files(package, workshop, built)
            compile_style_sheet(workshop, built / NHSUK.directory)
            write_record(built)
            replace_vendor_files(built)
        for package in PACKAGES:
            count = sum(1 for path in (VENDOR_DIR / package.directory).rglob("*") if path.is_file())
            self.stdout.write(f"{package.npm} {package.version}: {count} files in vendor/{package.directory}")
        self.stdout.write(self.style.SUCCESS("Hashes written to builder/static/vendor/vendor.toml"))


def run_tool(command: list[str], directory: Path) -> None:
    """Run one of node's tools and turn its absence or failure into a sentence."""
    if shutil.which(command[0]) is None:
        raise CommandError(f"{command[0]} was not found: install Node.js 20 or later, then run this again.")
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        last_lines = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise CommandError(f"{' '.join(command[:2])} failed, nothing was changed:\n{last_lines}")


def install_packages(workshop: Path) -> None:
    """Install the pinned packages without running any of their install scripts."""
    (workshop / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    wanted = [f"{package.npm}@{package.version}" for package in PACKAGES] + [f"sass@{SASS_VERSION}"]
    run_tool(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted], workshop)


def copy_files(package: Package, workshop: Path, built: Path) -> None:
    """Copy what we use; a map comment would make the static files storage look for the map."""
    target = built / package.directory
    target.mkdir(parents=True)
    for ours, theirs in package.files.items():
        text = (workshop / "node_modules" / package.npm / theirs).read_text(encoding="utf-8")
        (target / ours).write_text(SOURCE_MAP_LINE.sub("", text).strip() + "\n", encoding="utf-8")


def compile_style_sheet(workshop: Path, target: Path) -> None:
    """Compile the Sass settings, check the result and bring the icons it names."""
    out = target / STYLE_SHEET
    source = SOURCE_DIR / "nhsuk-clinwright.scss"
    flags = ["--load-path=node_modules", "--style=compressed", "--no-source-map", "--quiet-deps"]
    run_tool(["npx", "--no-install", "sass", *flags, str(source), str(out)], workshop)
    css = out.read_text(encoding="utf-8")
    for word in FORBIDDEN_IN_CSS:
        if word in css.lower():
            raise CommandError(
                f"The built style sheet holds {word!r}: replace that setting in {source.name}."
            )
    (target / "images").mkdir()
    for icon in sorted(set(re.findall(r"images/([\w-]+\.svg)", css))):
        shutil.copyfile(workshop / "node_modules" / NHSUK.npm / ICONS / icon, target / "images" / icon)
    # The npm package carries no licence file of its own.
    shutil.copyfile(SOURCE_DIR / "nhsuk-frontend.LICENCE.txt", target / "LICENCE.txt")


def write_record(built: Path) -> None:
    """Write vendor.toml: what each package is and the hash of each of its files."""
    lines = ["# Written by `manage.py vendor_assets`; a test compares every hash with its file."]
    for package in PACKAGES:
        lines += ["", "[[package]]", f'npm = "{package.npm}"', f'version = "{package.version}"']
        lines += [f'licence = "{package.licence}"', f'directory = "{package.directory}"']
        if package is NHSUK:
            lines.append(f'built_with = "sass {SASS_VERSION}"')
        lines += ["", "[package.sha256]"]
        root = built / package.directory
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f'"{path.relative_to(root).as_posix()}" = "{digest}"')
    (built / "vendor.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def replace_vendor_files(built: Path) -> None:
    """Put the new tree in place of the old one."""
    shutil.rmtree(VENDOR_DIR, ignore_errors=True)
    shutil.copytree(built, VENDOR_DIR)
