"""The main job, shown on real parts: etcd, kube-apiserver, the operator, and an emulated Okta.

`python -m demo`, or `make demo`. Begin to read in `show.py`: it is the show, step by step, from
top to bottom. `stage.py` starts and stops the parts, `screen.py` is how things look.
"""
