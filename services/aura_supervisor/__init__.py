"""The supervisor: starts Aura's services in order, watches them, starts them again, and stops them in order.

It depends on nothing but its own pipes: readiness and heartbeats do not go over the bus.
"""
