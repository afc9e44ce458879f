"""How Autotask says no, with the texts that sources quote."""

from __future__ import annotations

from starlette.responses import Response

from psarecon.sandbox.calls import reply

OUTSIDE_CONTRACT = (
    "ContractServiceAdjustment effectiveDate must be between the start date and end date of the Contract "
    "referenced by contractID."
)
TOO_MANY_ORS = "Invalid query syntax. Queries are limited to 500 or fewer 'OR' conditions."
UNKNOWN_ZONE = "Zone information could not be determined"
THREADS = "Itgenatr005: The Autotask API thread threshold of 3 threads has been exceeded."
# unproven: the words around the quoted part are ours.
DUPLICATE = (
    "Attempt to insert duplicate data into contract_service_period: an adjustment of this service exists for "
    "this effectiveDate."
)
# unproven: the user interface says this; whether the API does is not known.
POSTED = (
    "Unable to make changes as it would result in the deletion/modification of an already approved and posted "
    "contract period"
)
# unproven: only that the text contains "negative" is known.
NEGATIVE = "The adjustment would result in a negative number of units."


class Refused(Exception):
    """A request that fails with 500 and the `errors` list, as all validation failures do."""

    def __init__(self, *texts: str) -> None:
        """Keep the texts for the answer."""
        super().__init__("; ".join(texts))
        self.texts = texts


def errors(*texts: str, status: int = 500) -> Response:
    """`{"errors": [...]}`."""
    return reply({"errors": list(texts)}, status)


def wrong_verb(method: str) -> Response:
    """405 with `Message`, not `errors`."""
    return reply({"Message": f"The requested resource does not support http method '{method}'."}, 405)


def no_reference(field: str) -> Refused:
    """A value that names nothing; the stray blank before the full stop is Autotask's."""
    return Refused(f"Value does not reference an existing entity for {field} . ")
