"""Writing the archives that are due, and no others."""

from __future__ import annotations

import asyncio

from feedbot.publish import assemble
from feedbot.publish.archives import Archives
from feedbot.publish.formats import DAY, ENDINGS, rendered
from feedbot.publish.plan import Plan
from feedbot.publish.shelf import Shelf
from feedbot.store import editions, sources
from feedbot.store.editions import Progress
from feedbot.store.engine import Store


class ArchiveWriter:
    """Writes archives source by source; `due` names the sources to look at.

    Where a source has a hundred thousand entries and all of them have to be written, it takes a
    while: nothing waits for it.
    """

    def __init__(self, store: Store, shelf: Shelf, plan: Plan) -> None:
        self._store = store
        self._shelf = shelf
        self.looked_through: set[str] = set()
        self.plan = plan
        self.due: set[str] = set()

    async def write(self) -> None:
        """Write what is due. Raises PublishError, StoreError; what was not written stays due."""
        while self.due:
            name = min(self.due)
            self.due.discard(name)
            try:
                await self._write(name)
            except BaseException:
                self.due.add(name)
                raise

    async def _write(self, name: str) -> None:
        plan, source = self.plan, self.plan.sources.get(name)
        if source is None:
            return
        async with self._store.reading() as connection:
            state = await sources.load(connection, name)
            done = await editions.progress(connection, state.id)
            restated = await editions.to_restate(connection, state.id)
        kept = Archives.of(plan, source, state)
        if done and done.recipe != kept.recipe:
            await self._drop_others(kept)
        if name not in self.looked_through:
            restated += await self._missing(kept)
        for number in kept.to_write(done, restated):
            async with self._store.reading() as connection:
                made = await assemble.archive_document(connection, plan, source, state, number)
            await self._shelf.put(await rendered(made), max_age=DAY, keep=False)
        now = Progress(kept.recipe, kept.positions)
        if restated or done != now:
            async with self._store.transaction() as connection:
                await editions.record_progress(connection, state.id, now, restated)
        self.looked_through.add(name)

    async def _drop_others(self, kept: Archives) -> None:
        """Take archives of another size away."""
        ours = f"{kept.name}/{kept.size}/"
        known = await self._shelf.known()
        await self._shelf.drop(
            path for path in known if path.startswith(f"{kept.name}/") and not path.startswith(ours)
        )

    async def _missing(self, kept: Archives) -> list[int]:
        """The first position of each archive whose files somebody took away."""
        names = [(number, kept.place(number).name) for number in range(1, kept.pages + 1)]
        folder = self._shelf.directory
        return await asyncio.to_thread(
            lambda: [
                kept.stretch(number)[0]
                for number, name in names
                if not all((folder / f"{name}.{ending}").exists() for ending in ENDINGS)
            ]
        )
