"""A bridge and hosts, each a network namespace of its own, made and removed by the test."""
import os
import subprocess


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


class Net:
    """hosts: names; host i gets 10.77.0.(i+1)/24 on eth0. Nothing but the tests' own traffic: no IPv6,
    no offloads, so that what is sent is what is counted."""

    def __init__(self, hosts):
        self.tag = f"seine{os.getpid()}"
        self.hosts = list(hosts)
        self.made = []
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def namespace(self, host):
        return f"{self.tag}-{host}"

    def address(self, host):
        return f"10.77.0.{self.hosts.index(host) + 1}"

    def add_namespace(self, name):
        ip("netns", "add", name)
        self.made.append(name)
        subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                        "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.tcp_early_retrans=0"],
                       check=True, timeout=20)
        ip("-n", name, "link", "set", "lo", "up")

    def build(self):
        bridge = self.namespace("br")
        self.add_namespace(bridge)
        ip("-n", bridge, "link", "add", "br0", "type", "bridge")
        ip("-n", bridge, "link", "set", "br0", "up")
        for host in self.hosts:
            name = self.namespace(host)
            self.add_namespace(name)
            ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p-{host}", "netns", bridge)
            for space, device in ((name, "eth0"), (bridge, f"p-{host}")):
                subprocess.run(["ip", "netns", "exec", space, "ethtool", "-K", device, "tx", "off", "rx", "off",
                                "tso", "off", "gso", "off", "gro", "off"], check=False, capture_output=True, timeout=20)
            ip("-n", bridge, "link", "set", f"p-{host}", "master", "br0", "up")
            ip("-n", name, "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")

    def counters(self, host):
        """The kernel's own rx + tx packets of the host's eth0."""
        total = 0
        for which in ("rx_packets", "tx_packets"):
            done = subprocess.run(["ip", "netns", "exec", self.namespace(host), "cat",
                                   f"/sys/class/net/eth0/statistics/{which}"],
                                  check=True, capture_output=True, text=True, timeout=20)
            total += int(done.stdout)
        return total

    def retransmitted(self):
        """TCP segments that the hosts have sent again: a busy machine makes some, and a sensor counts what it sees."""
        total = 0
        for host in self.hosts:
            done = subprocess.run(["ip", "netns", "exec", self.namespace(host), "cat", "/proc/net/snmp"], check=True,
                                  capture_output=True, text=True, timeout=20)
            names, values = [line.split() for line in done.stdout.splitlines() if line.startswith("Tcp:")]
            total += int(values[names.index("RetransSegs")])
        return total

    def close(self):
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=20)
        self.made = []
