import JSON
import Testing

@testable import ProxmoxAPI

/// What is asked for on timers about a node.
@Suite struct NodeAnswersTests {
    // MARK: lists

    private static func services(_ json: String) throws -> [NodeService]? {
        try decoded(json) { $0.rows(upTo: 1024, by: \.name, NodeService.init) }
    }

    private static func storages(_ json: String) throws -> [NodeStorage]? {
        try decoded(json) { $0.rows(upTo: 4096, by: \.name, NodeStorage.init) }
    }

    @Test func services() throws {
        let rows = #"""
            [{"service":"pveproxy","name":"pveproxy","state":"running","unit-state":"enabled"},
            {"service":"ceph","state":"dead","unit-state":"masked"},{"service":"off","unit-state":"disabled"},{"service":"gone","unit-state":"not-found"},
            {"service":"syslog","name":"rsyslog","state":"dead"},{"name":"alone","state":"failed","unit-state":"static"}]
            """#
        let services = try #require(try Self.services(rows))
        #expect(services.map(\.name) == ["alone", "ceph", "gone", "off", "pveproxy", "syslog"])
        #expect(services.map(\.isWanted) == [true, false, false, false, true, true])
        #expect(services.map(\.isRunning) == [false, false, nil, nil, true, false])
    }

    @Test func storages() throws {
        let rows = #"""
            [{"storage":"nas","type":"nfs","active":1,"enabled":1,"avail":"5"},{"storage":"gone","type":"dir","active":0,"enabled":"1","avail":0},
            {"storage":"off","active":0,"enabled":false},{"storage":"bare","avail":7}]
            """#
        let storages = try #require(try Self.storages(rows))
        #expect(storages.map(\.name) == ["bare", "gone", "nas", "off"] && storages.map(\.type) == ["", "dir", "nfs", ""])
        #expect(storages.map(\.availableBytes) == [nil, nil, 5, nil] && storages.map(\.isEnabled) == [nil, true, true, false])
    }

    @Test func `of two rows with one name the first counts, and odd rows are left out`() throws {
        let rows = #"[null,5,"x",[],{},{"service":null},{"service":""},{"service":"a","state":"dead"},{"service":"a","state":"running"}]"#
        #expect(try Self.services(rows)?.map(\.isRunning) == [false])
        #expect(try Self.services("[]")?.isEmpty == true)
        for json in ["null", "{}", "5", "\"x\""] { #expect(try Self.services(json) == nil) }
    }

    @Test func `a list is no longer than any node's`() throws {
        func rows(_ count: Int) -> String { "[" + (0..<count).map { #"{"service":"s\#($0)"}"# }.joined(separator: ",") + "]" }
        #expect(try Self.services(rows(30_000))?.count == 1024)
        #expect(try Self.services(rows(40_000)) == nil)
        let long = String(repeating: "n", count: 5_000_000)
        #expect(try Self.services(#"[{"service":"\#(long)","state":"\#(long)"}]"#)?.first?.name.utf8.count == 8192)
    }

    @Test(
        arguments: [("[]", 0), (#"[{"Package":"a"},{"Package":"b"}]"#, 2), ("[null,5,[],{}]", 1), ("{}", nil), ("null", nil), ("7", nil)]
            as [(String, Int?)]
    )
    func updates(json: String, count: Int?) throws { #expect(try decoded(json, PendingUpdates.init)?.count == count) }

    // MARK: subscription

    @Test func subscription() throws {
        let whole = #"{"status":"Active","level":"c","productname":"Community","nextduedate":"2026-11-15"}"#
        let subscription = try #require(try decoded(whole, Subscription.init))
        #expect(subscription.status == "active" && subscription.level == "c" && subscription.product == "Community")
        #expect(subscription.nextDue == 1_794_700_800)
        for json in ["{}", #"{"status":null,"level":"","productname":[],"nextduedate":5}"#, #"{"nextduedate":"2026-02-30"}"#] {
            let nothing = try #require(try decoded(json, Subscription.init))
            #expect(nothing.status == nil && nothing.level == nil && nothing.product == nil && nothing.nextDue == nil)
        }
        for json in ["null", "[]", "5"] { #expect(try decoded(json, Subscription.init) == nil) }
    }

    // MARK: statistics

    @Test func `of each key the value of the newest row that has it`() throws {
        let rows = #"""
            [{"time":300,"pressurecpusome":"3.5","pressureiosome":null},{"time":100,"pressurecpusome":1,"pressureiosome":2,"pressureiofull":4,"arcsize":9},
            {"time":200,"pressureiosome":3,"pressurememorysome":5,"pressurememoryfull":6,"arcsize":8},{"time":400},{"time":null,"arcsize":7},null,5]
            """#
        let statistics = try #require(try decoded(rows, NodeStatistics.init))
        #expect(statistics.cpuSome == 3.5 && statistics.ioSome == 3 && statistics.ioFull == 4)
        #expect(statistics.memorySome == 5 && statistics.memoryFull == 6 && statistics.arcBytes == 8)
        for json in ["[]", #"[{"time":1},{"time":2,"cpu":1}]"#, #"[{"time":1,"pressurecpusome":"nan","arcsize":{}}]"#] {
            let nothing = try #require(try decoded(json, NodeStatistics.init))
            #expect(nothing.cpuSome == nil && nothing.ioSome == nil && nothing.ioFull == nil && nothing.memorySome == nil)
            #expect(nothing.memoryFull == nil && nothing.arcBytes == nil)
        }
        for json in ["null", "{}", "5"] { #expect(try decoded(json, NodeStatistics.init) == nil) }
    }

    // MARK: Ceph

    @Test(arguments: ["$", #"{"osdmap":$}"#])
    func `a Ceph with every field`(osdmap: String) throws {
        let counts = osdmap.replacing("$", with: #"{"num_osds":4,"num_up_osds":"5","num_in_osds":6}"#)
        let json = #"""
            {"health":{"status":"HEALTH_WARN","checks":{"OSD_DOWN":{"severity":"HEALTH_WARN","summary":{"message":"1 osds down"}},"MON_DOWN":{}}},
            "pgmap":{"bytes_total":1,"bytes_used":2,"bytes_avail":3,"pgs_by_state":[{"state_name":"active+clean","count":7},{"state_name":"active","count":"8"},
            {"state_name":"active","count":9},{"state_name":"x"},{"count":1},null]},"osdmap":\#(counts),"quorum_names":["a","b"]}
            """#
        let status = try #require(try decoded(json, CephStatus.init))
        #expect(status.health == "HEALTH_WARN" && status.checks.map(\.code) == ["MON_DOWN", "OSD_DOWN"])
        #expect(status.checks.map(\.severity) == ["", "HEALTH_WARN"])
        #expect(status.totalBytes == 1 && status.usedBytes == 2 && status.availableBytes == 3)
        #expect(status.osds == 4 && status.osdsUp == 5 && status.osdsIn == 6 && status.monitorsInQuorum == 2)
        #expect(status.placementGroups.map(\.state) == ["active", "active+clean"] && status.placementGroups.map(\.count) == [8, 7])
    }

    @Test(arguments: [
        "{}", #"{"health":null,"pgmap":null,"osdmap":null,"quorum_names":null}"#,
        #"{"health":[],"pgmap":5,"osdmap":"x","quorum_names":{}}"#,
        #"{"health":{"status":"","checks":[]},"pgmap":{"pgs_by_state":{}},"osdmap":{"osdmap":{}},"quorum_names":5}"#,
        #"{"health":{"checks":{"":{}}},"pgmap":{"bytes_total":"many"},"osdmap":{"osdmap":null,"num_osds":[]}}"#,
    ])
    func `a Ceph that says nothing`(json: String) throws {
        let status = try #require(try decoded(json, CephStatus.init))
        #expect(
            status.health == nil && status.checks.isEmpty && status.totalBytes == nil && status.usedBytes == nil
                && status.availableBytes == nil)
        #expect(status.osds == nil && status.osdsUp == nil && status.osdsIn == nil && status.placementGroups.isEmpty)
        #expect(status.monitorsInQuorum == nil)
    }

    @Test func `checks and states of a Ceph are bounded`() throws {
        let checks = (0..<20_000).map { #""C\#($0)":{"severity":"HEALTH_WARN"}"# }.joined(separator: ",")
        let states = (0..<20_000).map { #"{"state_name":"s\#($0)","count":1}"# }.joined(separator: ",")
        let json = #"{"health":{"checks":{\#(checks)}},"pgmap":{"pgs_by_state":[\#(states)]}}"#
        let status = try #require(try decoded(json, CephStatus.init))
        #expect(status.checks.count == 512 && status.placementGroups.count == 512)
    }

    @Test(
        arguments: [
            (500, "binary not installed: /usr/bin/ceph-mon", true), (500, "pveceph configuration not initialized", true),
            (500, "ceph not fully configured - missing '/etc/pve/priv/ceph.client.admin.keyring'", true), (501, "no such path", true),
            (500, "got timeout", false), (403, "not installed", false), (595, "not installed", false),
        ])
    func `a cluster without Ceph`(status: Int, words: String, isLack: Bool) {
        #expect(ProxmoxError(status: status, "/cluster/ceph/status", words).isLackOfCeph == isLack)
    }
}
