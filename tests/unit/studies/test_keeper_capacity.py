import pytest

from seawall.fixed import WAD
from seawall.studies.keeper_capacity import (
    Capacity,
    Hour,
    fitted_capacities,
    hours_of,
    usual_price_ratio_f64,
    zero_share_f64,
)
from seawall.studies.maker_auctions import HOUR_MS, SoldLot


def hour(paid, is_reached):
    return Hour(0, 1, 0, paid, 0, is_reached)


def sold(at, ether, won):
    return SoldLot(1, ether * WAD // 100, won * WAD, 100 * WAD, WAD, WAD, None, at, None)


def test_without_a_bound_every_hour_counts_the_same():
    assert fitted_capacities([hour(30, True), hour(10, True), hour(10, True), hour(40, True)]) == [
        Capacity(10, 0.5), Capacity(30, 0.25), Capacity(40, 0.25),
    ]  # fmt: skip


def test_an_hour_that_was_not_too_much_counts_only_for_what_it_paid():
    # Four pay 10 or more, one of them no more: 1/4. Two are left at 20, and one of them reaches it: half of 3/4.
    capacities = fitted_capacities([hour(10, True), hour(15, False), hour(20, True), hour(20, False)])
    assert capacities == [Capacity(10, 0.25), Capacity(20, 0.375)]


def test_where_no_hour_was_too_much_nothing_is_predicted():
    assert fitted_capacities([hour(10, False)]) == []
    assert zero_share_f64(1e30, []) == 0


@pytest.mark.parametrize(("asked", "share"), [(5, 0.0), (10, 0.0), (20, 0.25), (40, 0.375 + 0.125)])
def test_what_capacity_does_not_reach_goes_for_nothing(asked, share):
    assert zero_share_f64(asked, [Capacity(10, 0.5), Capacity(20, 0.25)]) == share


def test_lots_are_put_into_the_hours_of_their_last_bids():
    hours = hours_of([sold(0, 100, 80), sold(HOUR_MS - 1, 300, 0), sold(HOUR_MS, 200, 90)])
    assert hours == [
        Hour(0, 2, 1, 80 * WAD, 400 * WAD, True),
        Hour(HOUR_MS, 1, 0, 180 * WAD, 200 * WAD, False),
    ]


@pytest.mark.parametrize(("zero", "is_reached"), [(99, False), (100, True), (101, True)])
def test_dust_that_nobody_wants_is_no_sign_of_capacity(zero, is_reached):
    (found,) = hours_of([sold(0, 9_900, 80), sold(0, zero, 0)])
    assert found.is_reached is is_reached


def test_the_usual_price_is_that_of_bids_above_nothing_by_value():
    assert usual_price_ratio_f64([sold(0, 100, 80), sold(0, 300, 60), sold(0, 900, 0)]) == 0.65
