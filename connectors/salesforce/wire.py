"""Salesforce's REST calls: login, queries, collections."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connectors import deadline
from connectors.endpoints import Budget
from connectors.errors import SandboxRefused, Unauthorized, Unavailable
from connectors.logins import Minted
from connectors.retry import persistently
from connectors.salesforce import session
from connectors.salesforce.errors import error_of, login_error
from connectors.salesforce.login import Login
from connectors.salesforce.session import OneHostAdapter, session_on

T = TypeVar("T")
VERSION = "62.0"


class Wire:
    def __init__(
        self,
        *,
        url: str,
        login: Login,
        allow_sandbox: bool,
        budget: Budget,
    ) -> None:
        # simple-salesforce knows https only; the adapter turns it back where the URL is http.
        self._url = urlsplit(url)._replace(scheme="https").geturl()
        self._host = urlsplit(url).netloc
        self._login_by = login
        self._adapter = OneHostAdapter(url=url, allow_sandbox=allow_sandbox, budget=budget)
        self._session = session_on(self._adapter)
        self._client: Salesforce | None = None
        self._token = ""
        #: Known after the login.
        self.org_id = ""
        self._user_id = ""

    @property
    def calls(self) -> int:
        return self._adapter.calls

    @property
    def usage(self) -> tuple[int, int]:
        return self._adapter.usage

    def query(self, soql: str, *, deleted: bool = False) -> dict[str, Any]:
        """The first page of up to 2,000; with `deleted`, deleted and merged rows too (queryAll)."""
        return _answer(self._read(lambda sf: sf.query(soql, include_deleted=deleted)))

    def more(self, path: str) -> dict[str, Any]:
        """The page that an answer's nextRecordsUrl names."""
        if not path.startswith("/services/data/"):
            raise Unavailable("Salesforce's nextRecordsUrl is no path of its API")
        return _answer(self._read(lambda sf: sf.query_more(path, identifier_is_url=True)))

    def rest(self, path: str) -> dict[str, Any]:
        return _answer(self._read(lambda sf: sf.restful(path)))

    def begin_bulk(self, soql: str) -> str:
        """The id of a new bulk query job. A second one, after a lost answer, does no harm."""
        job = _answer(
            self._read(
                lambda sf: sf.restful(
                    "jobs/query", method="POST", json={"operation": "queryAll", "query": soql}
                )
            )
        )
        id_ = job.get("id")
        if not isinstance(id_, str) or not id_.isalnum():
            raise Unavailable("Salesforce's bulk query has no id")
        return id_

    def bulk_results(self, job: str, locator: str, most: int) -> tuple[str, str]:
        """CSV of up to `most` rows, and the locator of the next part; blank on the last."""
        found = self._read(
            # The public generator waits by itself, and cannot go on behind a locator.
            lambda sf: cast("Any", sf.bulk2).Account._client.get_query_results(job, locator, most)  # noqa: SLF001
        )
        return found["records"], found["locator"]

    def collection(
        self, method: str, records: Sequence[Mapping[str, object]], *, repeatable: bool
    ) -> list[Mapping[str, Any]]:
        """Write up to 200 rows; a result per row, in order."""
        body = {"allOrNone": False, "records": list(records)}
        answer: object = persistently(
            lambda: self._once(
                lambda sf: sf.restful("composite/sobjects", method=method, json=body)
            ),
            repeatable=repeatable,
        )
        return _results(answer, len(records))

    def delete_all(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Delete up to 200 rows; a result per row, in order. Once more says that they are gone."""
        given = {"ids": ",".join(ids), "allOrNone": "false"}
        answer: object = self._read(
            lambda sf: sf.restful("composite/sobjects", params=given, method="DELETE")
        )
        return _results(answer, len(ids))

    def user_id(self) -> str:
        """Whose login this is; asked for where a kept token came without it."""
        if not self._user_id:
            self._identified(self.rest("").get("identity"))
        if not self._user_id:
            raise Unavailable("Salesforce does not say whose login this is")
        return self._user_id

    def close(self) -> None:
        self._session.close()

    def _read(self, call: Callable[[Salesforce], T]) -> T:
        return persistently(lambda: self._once(call), repeatable=True)

    def _once(self, call: Callable[[Salesforce], T]) -> T:
        """Call; where the session has expired, log in and replay it, once.

        simple-salesforce's own refresh recurses for as long as the answer is 401, and drops the
        call's headers: given a session id in place of credentials, it leaves that to us.
        """
        known = self._client
        try:
            return self._tried(call, known or self._login())
        except SandboxRefused:
            raise
        except Unauthorized:
            if known is None:
                raise
        return self._tried(call, self._login())

    def _tried(self, call: Callable[[Salesforce], T], client: Salesforce) -> T:
        try:
            return call(client)
        except SalesforceError as error:
            raise error_of(error.status, error.content) from None
        except requests.RequestException as error:
            # Its text may carry the whole query; the kind says enough.
            raise Unavailable(f"Salesforce at {self._host}: {type(error).__name__}") from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            # simple-salesforce reads answers without looking: HTML, null or a number stumble here.
            raise Unavailable("Salesforce: the answer has not the promised shape") from error

    def _login(self) -> Salesforce:
        """Log in anew: by the kept refresh token, a signed assertion, or the client's credentials."""
        used, self._client = self._token, None
        tokens = self._login_by.tokens
        if tokens is None:
            self._token = self._mint("").access_token
        else:
            # A token of an earlier process may still be good; one that was refused is not.
            self._token = (
                tokens.renew(used, self._mint)
                if used
                else (tokens.current() or tokens.renew("", self._mint))
            )
        # The configured My Domain serves the API: an answer's instance_url leads nowhere else.
        self._client = Salesforce(
            session_id=self._token, instance_url=self._url, version=VERSION, session=self._session
        )
        return self._client

    def _mint(self, refresh_token: str) -> Minted:
        """An access token of the token endpoint, through the same adapter as every call.

        https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flows.htm
        """
        try:
            with deadline.within(session.TOKEN_IN_ALL):
                response = self._session.post(
                    f"{self._url}/services/oauth2/token", data=self._login_by.form(refresh_token)
                )
            body = response.json()
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise Unavailable(
                f"Salesforce's login at {self._host}: {type(error).__name__}"
            ) from error
        if not isinstance(body, dict):
            raise Unavailable("Salesforce's login: the answer is no JSON object")
        if not response.ok:
            raise login_error(response.status_code, body)
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            raise Unavailable("Salesforce's login: the answer has no access_token")
        self._identified(body.get("id"))
        return Minted(access_token=token, refresh_token=str(body.get("refresh_token") or ""))

    def _identified(self, url: object) -> None:
        """https://login.salesforce.com/id/<organization>/<user>"""
        before, _, self._user_id = str(url or "").rstrip("/").rpartition("/")
        self.org_id = before.rpartition("/")[2]


def _results(answer: object, count: int) -> list[Mapping[str, Any]]:
    if not isinstance(answer, list) or len(answer) != count:
        raise Unavailable("Salesforce's answer has no result for each row")
    return [row if isinstance(row, Mapping) else {} for row in answer]


def _answer(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Unavailable("Salesforce: the answer is no JSON object")
    return body
