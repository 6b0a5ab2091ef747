"""`seine sensors NAME`: all that the records of one sensor tell, for people and for programs."""
from programs import program, run, until
from spot import COUNT, Watch, address, join, send


def test_one_sensor_has_a_page_with_all_that_its_records_tell(spaces, tmp_path, processes):
    space, outside = spaces.add("host"), spaces.add("outside")
    join(space, "eth0", outside, "out0")
    address(outside, "out0", "10.88.0.2/24")
    address(space, "eth0", "10.88.0.1/24")
    watch = Watch(space, tmp_path, processes)
    send(space, outside, "10.88.0.2", 5001)
    until(lambda: watch.packets("10.88.0.1", "10.88.0.2", 5001) == COUNT, "the datagrams are seen", 20)
    page = watch.collector.ask("sensors", "spot")
    minute = page["minute"]
    assert page["sensor"]["name"] == "spot" and minute["records"] > 0
    assert minute["directions"]["tx"]["packets"] >= COUNT
    eth0 = next(row for row in minute["interfaces"] if row["name"] == "eth0")
    assert eth0["captured_packets"] >= COUNT and eth0["kernel"]["tx_packets"] >= COUNT
    shown = run(program("seine"), "sensors", "spot", "--socket", watch.collector.socket)
    assert shown.returncode == 0, shown.stderr
    for word in ("sensor      spot, live", "clock ", "sampling    exact", "eth0", "tcp ", "handshakes", "dns ",
                 "fragments", "offloads", "distinct", "undecoded", "lost  ", "window "):
        assert word in shown.stdout, (word, shown.stdout)
    # A slip is told the nearest name; what can be no name never leaves the command.
    for name, code, words in (("sopt", 1, "did you mean 'spot'?"), ("../status", 2, "'../status' is no sensor's name")):
        shown = run(program("seine"), "sensors", name, "--socket", watch.collector.socket)
        assert shown.returncode == code and words in shown.stderr, shown
