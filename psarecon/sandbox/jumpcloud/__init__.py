"""The JumpCloud multi-tenant API (v1 and v2), emulated as docs/vendors/jumpcloud.md describes it.

Served: the provider's organizations, the v1 organizations with their usage, and the users of one organization. A
comment that begins with `unproven:` marks what no source settles.
"""
