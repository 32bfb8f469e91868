"""Addresses that open a notebook with one click: in Colab, and on a JupyterHub."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from course.plan import Plan


@dataclass(frozen=True)
class Home:
    """Where notebooks are published: a repository on GitHub and its branch."""

    repository: str
    branch: str

    def in_colab(self, path: str) -> str:
        """The address that opens a file of this repository in Colab."""
        place = f"{self.repository}/blob/{self.branch}/{quote(path)}"
        return f"https://colab.research.google.com/github/{place}"

    def on_hub(self, hub: str, path: str) -> str:
        """The address at which nbgitpuller fetches this repository and opens a file."""
        folder = self.repository.partition("/")[2]
        query = {
            "repo": f"https://github.com/{self.repository}",
            "branch": self.branch,
            "urlpath": f"lab/tree/{folder}/{path}",
        }
        return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query)}"


def students_home(plan: Plan) -> Home | None:
    """Where the students' folder is published, if the plan says so."""
    return Home(plan.repository, plan.branch) if plan.repository else None


def launch_links(plan: Plan, book: Home) -> str:
    """The page of links, in Markdown.

    Sheets have an address where the plan names a repository for them; chapters are
    opened from there, else from the book's own repository.
    """
    home = students_home(plan)
    lines = ["# Open with one click", ""]
    if home is None:
        lines += [
            "The sheets are not published yet: upload a sheet in Colab (File, Upload "
            "notebook), or open it on your own machine. The chapters open from the "
            "book's repository, where solutions are folded away below the exercises.",
            "",
        ]
    lines += ["| week | notebook | open |", "|---|---|---|"]
    for week in plan.weeks:
        rows = []
        if home and week.tasks:
            rows.append(("sheet", home, f"sheets/{week.sheet}.ipynb"))
        for chapter in week.chapters:
            folder = "chapters" if home else "book"
            rows.append((chapter, home or book, f"{folder}/{chapter}.ipynb"))
        lines += [
            f"| {week.number} | {name} | {_links(place, path, plan.hub)} |"
            for name, place, path in rows
        ]
    return "\n".join(lines) + "\n"


def _links(home: Home, path: str, hub: str) -> str:
    links = [f"[Colab]({home.in_colab(path)})"]
    if hub:
        links.append(f"[JupyterHub]({home.on_hub(hub, path)})")
    return " · ".join(links)
