from testbed.network import mac_of


def test_a_bridge_has_an_address_that_does_not_change_as_pods_come_and_go() -> None:
    assert mac_of("10.244.0.1/24") == "0a:58:0a:f4:00:01"
    assert mac_of("10.250.0.1/32") != mac_of("10.245.0.1/24")
