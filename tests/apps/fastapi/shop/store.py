"""The items, in memory."""

from collections.abc import Iterator
from itertools import count
from typing import Annotated

from fastapi import Depends, HTTPException

from .models import Item, ItemFields


class Store:
    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.ids = count(1)

    def add(self, fields: ItemFields) -> Item:
        item = Item(id=next(self.ids), **fields.model_dump())
        self.items[item.id] = item
        return item

    def find(self, number: int) -> Item:
        if number not in self.items:
            raise HTTPException(404, "there is no such item")
        return self.items[number]

    def change(self, number: int, fields: ItemFields) -> Item:
        item = self.find(number).model_copy(update=fields.model_dump())
        self.items[number] = item
        return item

    def remove(self, number: int) -> None:
        self.find(number)
        del self.items[number]


_store = Store()


def get_store() -> Iterator[Store]:
    yield _store


StoreDependency = Annotated[Store, Depends(get_store)]
