import Testing

@testable import ProxmoxAPI

@Suite struct PoolTests {
    @Test func `every field of a row`() throws {
        let row = #"{"name":"tank","health":"DEGRADED","size":1,"alloc":"2","free":3,"frag":4,"dedup":1.5}"#
        let pool = try #require(try decoded(row, Pool.init))
        #expect(pool.name == "tank" && pool.health == "DEGRADED" && pool.sizeBytes == 1 && pool.allocatedBytes == 2 && pool.freeBytes == 3)
        #expect(pool.fragmentation == 4 && pool.deduplicationRatio == 1.5)
        let bare = try #require(try decoded(#"{"name":"tank","frag":"-","dedup":null}"#, Pool.init))
        #expect(bare.health == nil && bare.sizeBytes == nil && bare.fragmentation == nil && bare.deduplicationRatio == nil)
        #expect(try decoded(#"{"name":""}"#, Pool.init) == nil)
    }

    private static let tree = #"""
        {"name":"tank","scan":"none requested","errors":"No known data errors","leaf":0,"children":[
        {"name":"tank","state":"DEGRADED","read":90,"write":91,"cksum":92,"children":[
        {"name":"mirror-0","state":"DEGRADED","read":1,"write":2,"cksum":3,"children":[
        {"name":"/dev/disk/by-id/ata-A-part1","state":"ONLINE","read":"4","write":5,"cksum":6},
        {"name":"/dev/sdb1","state":"UNAVAIL","read":7,"write":8,"cksum":9},
        {"name":"spare-2","state":"ONLINE","read":0,"write":0,"cksum":0,"children":[{"name":"/dev/disk/by-id/s","state":"ONLINE","read":0}]}]}]},
        {"name":"logs","children":[{"name":"/dev/disk/by-path/pci-1","state":"FAULTED"}]},
        {"name":"spares","children":[{"name":"/dev/disk/by-id/s","state":"INUSE"},{"name":"/dev/t","state":"AVAIL"},{"name":"/dev/u"}]}]}
        """#

    @Test func `devices are all but the root and the headings, and keep the short of their names`() throws {
        let detail = try #require(try decoded(Self.tree, PoolDetail.init))
        #expect(detail.dataErrors == 0 && detail.scan?.isScrubRunning == false)
        #expect(detail.devices.map(\.name) == ["mirror-0", "ata-A-part1", "sdb1", "spare-2", "s", "disk/by-path/pci-1", "t", "u"])
        #expect(detail.devices.map(\.isOnline) == [false, true, false, true, true, false, true, nil])
        #expect(detail.devices.map(\.readErrors) == [1, 4, 7, 0, 0, nil, nil, nil])
        #expect(detail.devices.map(\.writeErrors) == [2, 5, 8, 0, nil, nil, nil, nil])
        #expect(detail.devices.map(\.checksumErrors) == [3, 6, 9, 0, nil, nil, nil, nil])
    }

    @Test(
        arguments: [
            ("No known data errors", 0), ("1 data errors, use '-v' for a list", 1), ("123 data errors, use '-v' for a list", 123),
            ("5 data error", 5),
            ("Permanent errors have been detected in the following files:\\n\\n /a", nil), ("", nil), ("x data errors", nil),
            ("-1 data errors", nil),
            ("99999999999999999999 data errors", nil), ("No known", nil), ("List of errors unavailable: permission denied", nil),
        ] as [(String, Double?)])
    func `data errors`(text: String, count: Double?) throws {
        #expect(try decoded(#"{"errors":"\#(text)"}"#, PoolDetail.init)?.dataErrors == count)
    }

    @Test(arguments: [
        "{}", #"{"leaf":1,"name":null}"#, #"{"scan":null,"errors":5,"children":null}"#,
        #"{"scan":{},"errors":[],"children":[null,5,{},[]]}"#,
        #"{"children":[{"children":[{},null,{"name":null},{"name":[]},{"name":""}]}]}"#, #"{"scan":"something new"}"#,
    ])
    func `nothing that can be used is nothing`(json: String) throws {
        let detail = try #require(try decoded(json, PoolDetail.init))
        #expect(detail.scan == nil && detail.dataErrors == nil && detail.devices.isEmpty)
    }

    @Test func `a tree is neither deeper nor larger than any pool`() throws {
        var deep = #"{"name":"bottom"}"#
        for floor in 0..<25 { deep = #"{"name":"\#(floor)","children":[\#(deep)]}"# }
        let names = try #require(try decoded(#"{"children":[\#(deep)]}"#, PoolDetail.init)).devices.map(\.name)
        #expect(names.count == 8 && names.first == "23")

        let rows = (0..<20_000).map { #"{"name":"/dev/\#($0)","read":-1,"state":""}"# }.joined(separator: ",")
        let wide = try #require(try decoded(#"{"children":[{"name":"tank","children":[\#(rows)]}]}"#, PoolDetail.init))
        #expect(wide.devices.count == 1024 && wide.devices[0].readErrors == nil && wide.devices[0].isOnline == nil)
    }

    @Test(
        arguments: [
            ("1000", "4600", 3600), ("1000", "1000", 0), ("\"1000\"", "\"-8900\"", -9900), ("1000", "51400", 50_400),
            ("1000", "99999", nil),
            ("1000", "null", nil), ("null", "1000", nil), ("1e300", "-1e300", nil),
        ] as [(String, String, Double?)])
    func `a node's zone`(time: String, localTime: String, offset: Double?) throws {
        #expect(
            try decoded(#"{"time":\#(time),"localtime":\#(localTime),"timezone":"Europe/Berlin"}"#, NodeTime.init)?.offsetSeconds == offset)
    }
}
