"""Requests: what an account's owner asks whether it may do. Amounts are base units; nothing of a request is kept."""

from typing import TypeAlias

import msgspec

from seawall.units import Amount, Price


class Withdraw(msgspec.Struct, frozen=True):
    """Take an asset out of the account."""

    market: int
    amount: Amount


class Transfer(msgspec.Struct, frozen=True):
    """Give an asset to another account."""

    market: int
    amount: Amount
    target: bytes


class TakeDebt(msgspec.Struct, frozen=True):
    """Owe more of an asset, and take it out."""

    market: int
    amount: Amount


class PlaceOrder(msgspec.Struct, frozen=True):
    """Buy so much of a contract, or sell it where the amount is negative, at a price or a better one."""

    market: int
    amount: Amount
    price: Price


class OpenOrders(msgspec.Struct, frozen=True):
    """What an account's orders that rest in the book of one contract would buy and sell, both not negative."""

    market: int
    buy_amount: Amount = 0
    sell_amount: Amount = 0


Request: TypeAlias = Withdraw | Transfer | TakeDebt | PlaceOrder
