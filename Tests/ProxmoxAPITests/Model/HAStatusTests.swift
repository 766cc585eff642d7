import Testing

@testable import ProxmoxAPI

@Suite struct HAStatusTests {
    private static func status(_ rows: String) throws -> HAStatus { try #require(try decoded(rows, HAStatus.init)) }

    @Test func `every kind of row`() throws {
        let status = try Self.status(
            #"""
            [{"type":"service","sid":"ct:210","node":"pve2","crm_state":"stopped","request_state":"stopped","state":"stopped"},
            {"type":"service","sid":"vm:100","node":"pve1","crm_state":"started","request_state":"started","group":"g","max_restart":3,
            "max_relocate":"2"},{"type":"lrm","node":"pve2","timestamp":102},{"type":"lrm","node":"pve1","timestamp":101},
            {"type":"master","node":"pve1","timestamp":"100"},{"type":"quorum","quorate":1},{"type":"fencing","armed-state":"armed"}]
            """#)
        #expect(status.isQuorate == true && status.isFencingArmed == true)
        #expect(status.master?.node == "pve1" && status.master?.timestamp == 100)
        #expect(status.nodes.map(\.node) == ["pve1", "pve2"] && status.nodes.map(\.timestamp) == [101, 102])
        #expect(status.services.map(\.vmid) == [100, 210] && status.services.map(\.kind) == [.qemu, .lxc])
        #expect(status.services.map(\.state) == ["started", "stopped"] && status.services.map(\.requestedState) == ["started", "stopped"])
        #expect(status.services.map(\.maximumRestarts) == ["3", nil] && status.services.map(\.maximumRelocations) == ["2", nil])
        #expect(status.services.map(\.group) == ["g", nil])
    }

    @Test(
        arguments: [
            (#""crm_state":"fence""#, "fence"), (#""request_state":"ignored""#, "ignored"), (#""request_state":"started""#, nil),
            (#""crm_state":"","request_state":"ignored""#, "ignored"), (#""crm_state":null"#, nil), (#""crm_state":[]"#, nil),
            (#""crm_state":"freeze","request_state":"ignored""#, "freeze"), (#""state":"started""#, nil),
        ] as [(String, String?)])
    func `the state is the manager's`(members: String, state: String?) throws {
        let services = try Self.status(#"[{"type":"service","sid":"vm:1",\#(members)}]"#).services
        #expect(services.count == 1 && services.first?.state == state)
    }

    @Test(arguments: [
        "vm", "vm:", "vm:x", "vm:-1", "vm:1:2", ":100", "VM:100", "fa:1", "vm:99999999999999999999", "vm: 1", "ct:１", "",
        String(repeating: "v", count: 40),
    ])
    func `what is no guest is left out`(sid: String) throws {
        #expect(try Self.status(#"[{"type":"service","sid":"\#(sid)","crm_state":"started"}]"#).services.isEmpty)
    }

    @Test func `of two rows for one thing the first counts`() throws {
        let status = try Self.status(
            #"""
            [{"type":"service","sid":"vm:1","crm_state":"error"},{"type":"service","sid":"vm:1","crm_state":"started"},
            {"type":"service","sid":"vm:01","crm_state":"started"},{"type":"service","sid":"ct:1","crm_state":"queued"},
            {"type":"quorum","quorate":0},{"type":"quorum","quorate":1},{"type":"master","node":"a","timestamp":1},
            {"type":"master","node":"b","timestamp":2},{"type":"fencing","armed-state":"disarmed"},{"type":"fencing","armed-state":"armed"}]
            """#)
        #expect(status.services.map(\.state) == ["queued", "error"])
        #expect(status.isQuorate == false && status.master?.node == "a" && status.isFencingArmed == false)
    }

    @Test func `nothing but what a row cannot be without, and odd rows`() throws {
        let status = try Self.status(
            #"""
            [{"type":"service","sid":"vm:5"},{"type":"lrm","node":"a"},{"type":"lrm"},{"type":"master"},{"type":"quorum"},{"type":"fencing"},
            {"type":"lrm","node":"b","timestamp":{}},{"type":"new"},{"type":[]},{},null,5,"x",[]]
            """#)
        #expect(status.services.map(\.node) == [""] && status.nodes.map(\.timestamp) == [nil, nil])
        #expect(status.isQuorate == nil && status.master == nil && status.isFencingArmed == nil)
        #expect(try Self.status("[]").services.isEmpty)
        for json in ["null", "{}", "5", "\"x\""] { #expect(try decoded(json, HAStatus.init) == nil) }
    }

    @Test func `rows without end are no answer, and nodes are no more than a cluster's`() throws {
        func rows(_ count: Int) -> String { "[" + (0..<count).map { #"{"type":"lrm","node":"n\#($0)"}"# }.joined(separator: ",") + "]" }
        #expect(try Self.status(rows(5000)).nodes.count == 1024)
        #expect(try decoded(rows(40_000), HAStatus.init) == nil)
    }
}
