"""Tests of the emulated vendors, over real HTTP on 127.0.0.1."""
