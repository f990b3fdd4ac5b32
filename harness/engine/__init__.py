"""The numerical engine: spiking and artificial networks, their training, and what is measured on
them.

It takes plain values (numbers, names, tensors) and knows nothing of specs, plans or stores, so that
it can be used as a library of its own. Of the harness it imports only `harness.errors`. Nothing in
it keeps hidden state between calls and nothing draws from a global random generator.
"""
