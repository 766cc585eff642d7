import Testing

@testable import ProxmoxAPI

/// The smaller answers of what is asked for on timers.
@Suite struct TimerAnswersTests {
    // MARK: replication

    private static func job(_ members: String) throws -> ReplicationStatus? {
        try decoded(#"{"id":"100-0","guest":100,\#(members)}"#, ReplicationStatus.init)
    }

    @Test func `a replication job`() throws {
        let job = try #require(
            try Self.job(
                #""target":"pve2","last_sync":"11","last_try":12,"next_sync":13,"duration":1.5,"fail_count":2,"error":"no route","disable":0"#
            ))
        #expect(job.id == "100-0" && job.vmid == 100 && job.target == "pve2" && job.isEnabled && job.hasError)
        #expect(job.lastSync == 11 && job.lastTry == 12 && job.nextSync == 13 && job.durationSeconds == 1.5 && job.failureCount == 2)
    }

    @Test func `a replication job that never ran or is switched off`() throws {
        let job = try #require(try Self.job(#""last_sync":0,"last_try":0,"next_sync":0,"fail_count":0,"error":"","disable":"1""#))
        #expect(
            job.lastSync == nil && job.lastTry == nil && job.nextSync == nil && job.failureCount == 0 && !job.hasError && !job.isEnabled)
        let bare = try #require(try Self.job(#""last_sync":null,"duration":[],"fail_count":"many","disable":null"#))
        #expect(bare.isEnabled && bare.failureCount == nil && bare.durationSeconds == nil && bare.target == "" && !bare.hasError)
        for row in ["{}", #"{"id":"a"}"#, #"{"guest":1}"#, #"{"id":"a","guest":-1}"#, #"{"id":[],"guest":1}"#, "null", "[]", "5"] {
            #expect(try decoded(row, ReplicationStatus.init) == nil)
        }
    }

    // MARK: backups

    @Test(
        arguments: [
            (#""all":1,"vmid":"1,2""#, "all"), (#""all":"1""#, "all"), (#""pool":"prod""#, "pool:prod"),
            (#""vmid":"100,110""#, "vmid:100,110"),
            (#""vmid":100"#, "vmid:100"), (#""all":0,"pool":"","vmid":"7""#, "vmid:7"), (#""all":[]"#, nil), (#""exclude":"1""#, nil),
        ] as [(String, String?)])
    func `what a backup job is about`(members: String, selection: String?) throws {
        #expect(try decoded(#"{"id":"backup-1",\#(members)}"#, BackupJob.init)?.selection == selection)
    }

    @Test(arguments: [("1", true), ("0", false), ("\"0\"", false), ("false", false), ("null", true), ("[]", true), ("\"odd\"", true)])
    func `a backup job is on until it says otherwise`(value: String, isOn: Bool) throws {
        #expect(try decoded(#"{"id":"a","enabled":\#(value)}"#, BackupJob.init)?.isEnabled == isOn)
        #expect(try decoded(#"{"id":""}"#, BackupJob.init) == nil)
    }

    @Test(arguments: [
        ("OK", true), ("WARNINGS: 3", true), ("WARNINGS:", true), ("job errors", false), ("unexpected status", false), ("", false),
        ("interrupted by signal", false), ("ok", false), ("OK?", false),
    ])
    func `how a task ended`(status: String, isGood: Bool) throws {
        let task = try #require(
            try decoded(#"{"upid":"UPID:a","starttime":5,"endtime":"9","id":"100","status":"\#(status)"}"#, BackupTask.init))
        #expect(task.isGood == isGood && task.start == 5 && task.end == 9 && task.vmid == 100)
    }

    @Test func `tasks of several guests, that run, or that are none`() throws {
        #expect(try decoded(#"{"upid":"UPID:a","starttime":5,"id":""}"#, BackupTask.init)?.vmid == nil)
        let running = try #require(try decoded(#"{"upid":"UPID:a","starttime":5}"#, BackupTask.init))
        #expect(running.end == nil && !running.isGood)
        for row in [
            "{}", #"{"upid":"UPID:a"}"#, #"{"upid":"x","starttime":5}"#, #"{"starttime":5}"#, #"{"upid":"UPID:a","starttime":"then"}"#,
            #"{"upid":"UPID:\#(String(repeating: "x", count: 600))","starttime":5}"#, "null",
        ] { #expect(try decoded(row, BackupTask.init) == nil) }
    }

    @Test func `guests that no job covers`() throws {
        let guest = try #require(try decoded(#"{"vmid":"7","type":"lxc","name":"a"}"#, UncoveredGuest.init))
        #expect(guest.vmid == 7 && guest.kind == "lxc" && guest.name == "a")
        #expect(try decoded(#"{"vmid":7,"type":[],"name":null}"#, UncoveredGuest.init)?.name == "")
        for row in ["{}", #"{"vmid":-7}"#, #"{"vmid":"x"}"#, "null"] { #expect(try decoded(row, UncoveredGuest.init) == nil) }
    }

    // MARK: snapshots

    @Test func `snapshots without what is now`() throws {
        let rows = #"""
            [{"name":"b","snaptime":"30"},{"name":"current","snaptime":99,"running":1},{"name":"a","snaptime":10},{"name":"c"},
            {"name":"d","snaptime":[]},{"snaptime":1},null,{"name":null}]
            """#
        let snapshots = try #require(try decoded(rows, Snapshots.init))
        #expect(snapshots.count == 4 && snapshots.oldest == 10 && snapshots.newest == 30)
        let none = try #require(try decoded(#"[{"name":"current"}]"#, Snapshots.init))
        #expect(none.count == 0 && none.oldest == nil && none.newest == nil)
        for json in ["null", "{}", "5"] { #expect(try decoded(json, Snapshots.init) == nil) }
    }

    // MARK: mappings, quorum device, certificate

    @Test func `where the cards of a mapping are`() throws {
        let mapping = try #require(
            try decoded(
                #"{"id":"gpu","map":["node=pve1,path=0000:01:00.0,id=10de:1eb8","path=02:00.0;02:00.1,node=pve2","node=pve3","",null,5,[]]}"#,
                PCIMapping.init))
        #expect(mapping.id == "gpu" && mapping.places.map(\.node) == ["pve1", "pve2", "pve2"])
        #expect(mapping.places.map(\.address) == ["0000:01:00.0", "02:00.0", "02:00.1"])
        #expect(try decoded(#"{"id":"gpu","map":{}}"#, PCIMapping.init)?.places.isEmpty == true)
        let places = (0..<5000).map { "\"node=a,path=\($0)\"" }.joined(separator: ",")
        #expect(try decoded(#"{"id":"gpu","map":[\#(places)]}"#, PCIMapping.init)?.places.count == 1024)
        for row in ["{}", #"{"id":""}"#, "null", "[]"] { #expect(try decoded(row, PCIMapping.init) == nil) }
    }

    @Test(
        arguments: [
            (#"{"State":"Connected"}"#, true), (#"{"State":"Disconnected"}"#, false), (#"{"State":""}"#, false), ("{}", nil), ("[]", nil),
            (#"{"State":null}"#, nil), (#"{"State":[]}"#, nil),
        ] as [(String, Bool?)])
    func `the quorum device`(json: String, isConnected: Bool?) throws {
        #expect(try #require(try decoded(json, QuorumDevice.init)).isConnected == isConnected)
    }

    @Test func `no answer about a quorum device is none`() throws {
        for json in ["5", "\"x\"", "true"] { #expect(try decoded(json, QuorumDevice.init) == nil) }
    }

    @Test func `the certificate that is served`() throws {
        let own = #"{"filename":"pveproxy-ssl.pem","notafter":2,"subject":"s","issuer":"i","fingerprint":"AA"}"#
        let cluster = #"{"filename":"pve-ssl.pem","notafter":"1"}"#
        let root = #"{"filename":"pve-root-ca.pem","notafter":3}"#
        for rows in ["[\(root),\(cluster),\(own)]", "[\(own),\(cluster),\(own)]", "[null,5,\(own)]"] {
            let served = try #require(try decoded(rows, ServedCertificate.init))
            #expect(served.fileName == "pveproxy-ssl.pem" && served.notAfter == 2 && served.subject == "s" && served.fingerprint == "AA")
        }
        let served = try #require(try decoded("[\(root),\(cluster)]", ServedCertificate.init))
        #expect(served.fileName == "pve-ssl.pem" && served.notAfter == 1 && served.issuer == nil)
        for rows in ["[]", "[\(root)]", "{}", "5", "[{}]"] { #expect(try decoded(rows, ServedCertificate.init) == nil) }
    }
}
