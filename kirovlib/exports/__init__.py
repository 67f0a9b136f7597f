"""Findings as files for other programs: CSV, workbook, Parquet; nothing foreign becomes a formula in them."""
