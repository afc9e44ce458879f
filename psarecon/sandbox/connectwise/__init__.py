"""The ConnectWise PSA (Manage) REST API, emulated as docs/vendors/connectwise.md describes it.

Served: company discovery, companies, agreements with their additions, the agreement recap, the catalog, the audit
trail and system information. A comment that begins with `unproven:` marks what no official page and no captured
answer settles; where a client could care, it is also a switch (`GET /_sandbox/rules`).
"""
