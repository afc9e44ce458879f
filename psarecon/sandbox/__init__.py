"""Emulators of the vendors on one local port: for rehearsals, for demonstrations and for our own tests.

Each vendor is one package (`autotask`, `jumpcloud`); what they share is here: the stored world (`world`), the
ways to fill it (`build`, `generate`), its clock (`clock`), the switches (`rules`), the faults (`faults`), the
control paths (`control`) and the server (`serve`). Nothing here imports the rest of psarecon: the emulators
are written from the vendors' facts alone, so that they cannot share a mistake with the adapters they test.
"""
