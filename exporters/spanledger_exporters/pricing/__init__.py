"""What model calls cost by list price: genai-prices' data, and which entry of it is whose.

genai-prices takes a second and 100 MB to import. So it is asked once a version and machine
(`book.py`), and what it knows is kept in a file that takes 20 ms to read.
"""
