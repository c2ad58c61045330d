"""The public pages: what is watched, for readers.

plan (configuration) ─┐
catalogue (store) ────┴→ views → templates ─→ server (memory, validators, HTTP)
"""
