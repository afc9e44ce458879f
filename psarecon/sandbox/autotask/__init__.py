"""The Autotask PSA REST API, emulated as docs/vendors/autotask.md describes it.

A comment that begins with `unproven:` marks a rule that no official page and no captured answer settles; where a
client could care, the rule is also a switch (`GET /_sandbox/rules`). A green test is no proof about such a rule.
"""
