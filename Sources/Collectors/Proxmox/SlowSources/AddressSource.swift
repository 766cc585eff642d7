import Metrics
import ProxmoxAPI

/// The addresses of guests, of which agents and containers tell.
struct AddressFamily: Sendable {
    private static let labels = GuestFamilies.labels.adding("interface", "mac", "family", "address")

    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "pve_guest_address_info", "An address that the guest has, ipv4 or ipv6, and on which interface.", labels: Self.labels,
            detail: .disk, source: "/nodes/N/qemu/ID/agent/network-get-interfaces, /nodes/N/lxc/ID/interfaces")
    }

    func write(_ guest: ClusterPicture.Guest, _ addresses: [GuestAddress], into page: inout SlowPage) {
        guard page.detail >= .disk else { return }
        let identity = [page.cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue]
        for address in addresses {
            let own = [address.interface, address.hardwareAddress, address.family, address.address]
            page.buffer.add(info, page.buffer.labels(Self.labels, identity + own), true)
        }
    }
}

/// The addresses of containers, which need no agent.
struct AddressSource: SlowSource {
    var profile = SlowProfile(
        name: "addresses", scope: .guest, periodSeconds: 900, endpoint: "/nodes/N/lxc/ID/interfaces", detail: .disk)
    private let addresses: AddressFamily

    init(_ addresses: AddressFamily) { self.addresses = addresses }

    func subjects(_ picture: ClusterPicture) -> [SlowSubject] {
        picture.guestsInOrder.filter { $0.kind == .lxc && $0.isRunning == true }.map(SlowSubject.guest)
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: [GuestAddress]?) async throws(ProxmoxError) -> [GuestAddress] {
        guard let vmid = subject.guest?.vmid else { throw .malformed("interfaces", "no guest") }
        return try await call.client.containerAddresses(of: vmid, on: subject.node, http: call.http, by: call.deadline)
    }

    func isAbsence(_ error: ProxmoxError) -> Bool { error.isOfGuestElsewhere }

    func write(_ subject: SlowSubject, _ found: [GuestAddress], into page: inout SlowPage) {
        if let guest = page.picture.guest(subject) { addresses.write(guest, found, into: &page) }
    }
}
