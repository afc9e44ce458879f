"""PyConnectWise, which others wrote, reads the additions of the same agreements, one list after another.

python bench/peers/additions.py REQUESTS_JSON

The file holds the site, the three keys and the ids of the agreements.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests
from pyconnectwise import ConnectWiseManageAPIClient


class _Plain(ConnectWiseManageAPIClient):
    """The client writes https into every address; on this machine the sandbox speaks plain HTTP."""

    def _get_url(self) -> str:
        return str(super()._get_url()).replace("https://", "http://")

    def _try_get_codebase_from_api(self, manage_url: str, company_name: str, headers: dict[str, str]) -> str:
        answer = requests.get(f"http://{manage_url}/login/companyinfo/{company_name}", headers=headers, timeout=10)
        return str(answer.json()["Codebase"])


def main(path: Path) -> None:
    """Every agreement; says how many additions there were."""
    asked = json.loads(path.read_text("utf-8"))
    client = _Plain("examplemsp", asked["site"], *asked["keys"])
    found = [
        one for agreement in asked["agreements"] for one in client.finance.agreements.id(agreement).additions.get()
    ]
    print(f"{len(found)} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
