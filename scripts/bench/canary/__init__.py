"""A house in which one value of each secret class goes everywhere: see `scripts.bench.canaries`.

classes.py  the canaries: those that are typed, those that the vault and the keys hold
door.py     every operation of the OpenAPI document, asked wrongly with all of them
house.py    a deployment, a trade in it, its commands, and its served door
places.py   where they are looked for afterwards, and where a control is planted
"""
