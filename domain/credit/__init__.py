"""The merchant's credit: score, grade, ranking, deposit and sanctions (信用档案)."""
