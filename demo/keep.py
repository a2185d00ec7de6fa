"""What `--keep` prints: how to go on with what was left running."""

from demo.screen import Screen
from demo.stage import Stage
from tests.controlplane.binaries import find

EXAMPLES = """\
export KUBECONFIG={kubeconfig}
alias kubectl={kubectl}

kubectl get ocsr,oktaconn
kubectl describe ocsr {name}
kubectl annotate ocsr {name} okta-rotator.dev/rotate="$(date +%s)" --overwrite
kubectl patch ocsr {name} --type=merge -p '{{"spec":{{"rotationInterval":7}}}}'
kubectl delete secret {name}
kubectl get secret {name} --watch
tail -f {log}"""


def how_to_use(screen: Screen, stage: Stage) -> None:
    """Print commands for another terminal; whole lines, so that they can be copied."""
    screen.title("\nIt is left running. In another terminal:\n")
    commands = EXAMPLES.format(
        kubeconfig=stage.control_plane.kubeconfig,
        kubectl=find("kubectl"),
        name=stage.scene.name,
        log=stage.log,
    )
    screen.console.print(commands, soft_wrap=True, markup=False)
    screen.title("\nCtrl-C stops everything.")
