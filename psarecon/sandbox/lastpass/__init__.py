"""Both LastPass APIs, emulated as docs/vendors/lastpass.md describes them.

Served: of the REST API for MSPs (`/business/v1`) the managed companies, their users, billing cycles and billing
reports; of the Enterprise API (`/enterpriseapi.php`) `getuserdata`. A comment that begins with `unproven:` marks what
no source settles: of the REST API nobody has published a captured answer, so that is much.
"""
