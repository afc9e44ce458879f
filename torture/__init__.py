"""Torture: thousands of seeded runs of plan, apply and resume under faults, each judged by what is then true."""
