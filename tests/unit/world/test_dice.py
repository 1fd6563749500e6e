from seawall.world.dice import Dice


def test_a_draw_depends_on_seed_stream_and_index_alone():
    forwards = [Dice(7, "price.ETH").normal_f64(index) for index in range(20)]
    dice = Dice(7, "price.ETH")
    backwards = [dice.normal_f64(index) for index in reversed(range(20))]
    assert forwards == backwards[::-1]


def test_seeds_and_streams_are_apart():
    draws = {Dice(seed, stream).uniform_f64(0) for seed in (-1, 0, 1) for stream in ("a", "b", "")}
    assert len(draws) == 9


def test_draws_are_the_same_on_every_machine():
    assert Dice(1, "x").uniform_f64(0).hex() == "0x1.8ecc2c485bc04p-2"
    assert Dice(1, "x").normal_f64(0).hex() == "-0x1.471bfa0800000p-1"


def test_normal_draws_have_mean_zero_and_variance_one():
    draws = [Dice(3, "n").normal_f64(index) for index in range(20_000)]
    mean = sum(draws) / len(draws)
    variance = sum(draw * draw for draw in draws) / len(draws)
    assert abs(mean) < 0.03
    assert abs(variance - 1) < 0.03
    assert max(map(abs, draws)) <= 6


def test_uniform_draws_fill_the_unit_interval():
    draws = [Dice(3, "u").uniform_f64(index) for index in range(5_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert abs(sum(draws) / len(draws) - 0.5) < 0.02
