import ProviderRPC
import RPC
import Testing

@testable import Controllers

struct CallCountsTests {
    private let counts = CallCounts()

    private func calls(_ method: ProviderMethod) -> [RPCCode: Int] {
        var found: [RPCCode: Int] = [:]
        for (key, count) in counts.contents.calls where key.method == method { found[key.code] = count }
        return found
    }

    @Test func `the first call that fails is an increase`() {
        counts.begin(type: "libvirt")
        #expect(calls(.listVMs) == [.ok: 0, .unavailable: 0, .deadlineExceeded: 0, .internal: 0])
        counts.count("libvirt", .listVMs, .unavailable, .seconds(1), nil)
        counts.begin(type: "libvirt")
        #expect(calls(.listVMs) == [.ok: 0, .unavailable: 1, .deadlineExceeded: 0, .internal: 0])
    }

    @Test func `methods that are never asked for have no series`() {
        counts.begin(type: "libvirt")
        #expect(Set(counts.contents.durations.keys.map(\.method)) == [.validate, .getCapabilities, .listVMs])
        #expect(counts.contents.calls.count == 12)
        // While the first is on its way.
        counts.begin("libvirt", .create)
        #expect(calls(.create).values.allSatisfy { $0 == 0 } && calls(.create).count == 4)
    }
}
