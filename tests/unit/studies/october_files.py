"""Two waves in the form of the paper's files: the first took too little, the second too much."""

from pathlib import Path

BY_WAVE = """wave,t_start_ms,budget_needed_usd,budget_prod_usd,winners_pnl_start_usd,winners_equity_start_usd
1,1760130964831,100.5,40.25,20000.125,90000
4,1760131016356,300,1000.75,50000,200000
"""
BAD_DEBT = """wave,n_rows,deficit_usd,max_loss_usd
1,30,500,500
4,70,700.5,500
"""
BY_COIN = """deficit_usd,budget_queue_usd,overshoot_queue_usd,residual_queue_usd
1,2,3,4
"""
BY_POLICY = """max_pct_prod,max_pct_pnl_pr,max_pct_contract_pr,overshoot_contract_pr,overshoot_fixed_point_ilp_integer
1.0,0.02,0.1,-2000000,5000
0.5,0.03,0.1,500000,-3000
"""
GAPS = """gap_usd_x_qty
100.5
300
"""


def write_files(folder: Path, **changed: str) -> Path:
    """Write the files into a folder of recorded data, some of them with another content, and return it."""
    perps = folder / "perps"
    perps.mkdir(parents=True, exist_ok=True)
    named = {
        "hl_adl_paper_two_pass_by_wave_h0.csv": changed.get("by_wave", BY_WAVE),
        "hl_adl_paper_bad_debt_waves.csv": changed.get("bad_debt", BAD_DEBT),
        "hl_adl_paper_per_shock_queue.csv.gz": changed.get("by_coin", BY_COIN),
        "hl_adl_paper_wave_coin_gap_h0.csv.gz": changed.get("gaps", GAPS),
        "hl_adl_paper_policy_per_wave.csv": changed.get("by_policy", BY_POLICY),
    }
    for name, content in named.items():
        (perps / name).write_text(content)
    return folder
