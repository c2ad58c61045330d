"""The web, politely: one conditional GET, bounded in time, size and reach.

    fetcher   hop by hop to an answer
    request   what is asked, what comes back, and what is told to whom
    body      the bytes of an answer, inflated by hand under a cap
    guard     which addresses may be connected to, decided as the socket is made
    headers   what an answer's status and headers say
    hosts     whose turn it is: few connections to a host, a pause after each, rest on request
    robots    what sites ask of robots
    failure   whatever went wrong, as one line for a person

Everything but `Fetcher`, `Manners`, `Request` and `Fetched` is this package's own business.
"""

from feedbot.fetch.fetcher import Fetcher
from feedbot.fetch.hosts import Manners
from feedbot.fetch.request import Fetched, Request

__all__ = ["Fetched", "Fetcher", "Manners", "Request"]
