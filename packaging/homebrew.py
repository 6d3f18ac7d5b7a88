"""The Homebrew formula: it installs the archive of this machine's platform."""

from __future__ import annotations

from project import Platform, Project
from tarball import name


def formula(project: Project, archives: dict[Platform, str]) -> bytes:
    """`archives` has the SHA-256 of each platform's archive."""
    systems: dict[str, list[str]] = {}
    for platform, sha256 in archives.items():
        system, processor = platform.homebrew.split()
        url = project.download(f"{name(project, platform)}.tar.gz")
        systems.setdefault(system, []).append(
            f'    on_{processor} do\n      url "{url}"\n      sha256 "{sha256}"\n    end\n'
        )
    blocks = "\n".join(f"  on_{system} do\n{''.join(parts)}  end\n" for system, parts in systems.items())
    licenses = ", ".join(f'"{each}"' for each in project.license.split(" OR "))
    return f"""\
class Funcserver < Formula
  desc "{project.description.removesuffix(".")}"
  homepage "{project.repository}"
  version "{project.version}"
  license any_of: [{licenses}]

{blocks}
  def install
    bin.install "funcserver"
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completions/funcserver.bash" => "funcserver"
    zsh_completion.install "completions/_funcserver"
    fish_completion.install "completions/funcserver.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/funcserver --version")
  end
end
""".encode()
