import Testing

@testable import GPUCollector

@Suite struct OwnerUsageTests {
    private static let vm = OwnerKey(kind: "vm", id: "101", name: "web")
    private static let box = OwnerKey(kind: "container", id: "c1", name: "vllm")

    @Test func `processes of an owner are one`() {
        let shares = OwnerUsage.shares(
            [
                ProcessSample(pid: 1, memoryBytes: 10, utilization: 0.5), ProcessSample(pid: 2, memoryBytes: 20, utilization: 0.25),
                ProcessSample(pid: 3, memoryBytes: 5, utilization: 0), ProcessSample(pid: 4, memoryBytes: 7, utilization: nil),
            ], owners: [1: Self.vm, 2: Self.vm, 3: Self.box])
        #expect(
            shares == [
                OwnerUsage.Share(owner: Self.vm, memoryBytes: 30, utilization: 0.75, processes: 2),
                OwnerUsage.Share(owner: .unknown, memoryBytes: 7, utilization: nil, processes: 1),
                OwnerUsage.Share(owner: Self.box, memoryBytes: 5, utilization: 0, processes: 1),
            ])
    }

    @Test func `a sum that lacks a part is absent`() {
        let shares = OwnerUsage.shares(
            [ProcessSample(pid: 1, memoryBytes: 10, utilization: 0.5), ProcessSample(pid: 2, memoryBytes: nil, utilization: nil)],
            owners: [1: Self.vm, 2: Self.vm])
        #expect(shares == [OwnerUsage.Share(owner: Self.vm, memoryBytes: nil, utilization: nil, processes: 2)])
    }

    @Test func `beyond the limit owners are one, and nothing is lost`() {
        let processes = (1...250).map { ProcessSample(pid: $0, memoryBytes: Double($0), utilization: 0.001) }
        let owners = Dictionary(uniqueKeysWithValues: (1...250).map { ($0, OwnerKey(kind: "unit", id: "\($0)", name: "\($0).service")) })
        let all = OwnerUsage.shares(processes, owners: owners)
        let shown = OwnerUsage.bounded(all, limit: 100)
        #expect(shown.count == 101)
        #expect(shown.last?.owner == .other)
        #expect(shown.last?.processes == 150)
        #expect(shown.compactMap(\.memoryBytes).reduce(0, +) == Double(250 * 251 / 2))
        // The largest have names.
        #expect(shown.first?.owner.id == "250")
        #expect(OwnerUsage.bounded(Array(all.prefix(100)), limit: 100).count == 100)
    }

    @Test func `owners of one name are told apart`() {
        let twins = ["101", "102"].map { OwnerKey(kind: "vm", id: $0, name: "web") }
        let hostile = OwnerKey(kind: "vm", id: "103", name: "web (102)")
        let names = OwnerKey.distinctNames(twins + [hostile, OwnerKey(kind: "lxc", id: "9", name: "web")])
        #expect(names[twins[0]] == "web")
        #expect(names[twins[1]] == "web (102)")
        #expect(Set(names.filter { $0.key.kind == "vm" }.values).count == 3)
        #expect(names[OwnerKey(kind: "lxc", id: "9", name: "web")] == "web")
    }

    @Test func `virtual machines have what their vGPUs have, once`() {
        var usage = OwnerUsage()
        usage.shares = [OwnerUsage.Share(owner: Self.vm, memoryBytes: 7, utilization: nil, processes: 1)]
        usage.guests = ["v1": nil, "v2": nil, "v3": nil]
        usage.give([
            VGPUSample(uuid: "v1", vm: "u1", smUtilization: 0.25, framebufferUsed: 10, framebufferTotal: 100),
            VGPUSample(uuid: "v2", vm: "u1", smUtilization: 0.5, framebufferUsed: 20), VGPUSample(uuid: "v3", framebufferTotal: 100),
        ])
        let named = OwnerKey(kind: "vm", id: "u1", name: "u1")
        #expect(
            usage.shares == [
                OwnerUsage.Share(owner: named, memoryBytes: 30, utilization: 0.75, processes: 2),
                OwnerUsage.Share(owner: Self.vm, memoryBytes: 7, utilization: nil, processes: 1),
                OwnerUsage.Share(owner: .unknown, memoryBytes: nil, utilization: nil, processes: 1),
            ])
    }
}
