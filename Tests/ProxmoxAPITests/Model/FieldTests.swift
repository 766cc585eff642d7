import JSON
import Testing

@testable import ProxmoxAPI

/// Every field of every answer, in all the types in which the API has been seen to give it.
@Suite struct FieldTests {
    /// A field, and how to read it from JSON that holds the given text as its value.
    struct Field<Value: Sendable>: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let read: @Sendable (_ value: String) throws -> Value?
    }

    // MARK: numbers

    @Test(
        arguments: numbers,
        [
            ("5", 5), ("5.0", 5), ("0.46", 0.46), ("\"5\"", 5), ("\"0.46\"", 0.46), ("\"5e3\"", 5000), ("-1", -1),
            ("18446744073709551615", 0x1p64),
            ("true", 1), ("false", 0), ("0", 0), ("\"0\"", 0),
            ("null", nil), ("\"\"", nil), ("\"x\"", nil), ("\"nan\"", nil), ("\"inf\"", nil), ("\"0x10\"", nil), ("\" 5\"", nil),
            ("\"5 GB\"", nil),
            ("\"1e999\"", nil), ("[5]", nil), ("{\"a\":5}", nil),
        ] as [(String, Double?)])
    func number(field: Field<Double>, row: (json: String, value: Double?)) throws {
        // 0 MHz is what a machine says that does not know.
        let isUnknown = field.testDescription == "cpuinfo.mhz" && row.value == 0
        #expect(try field.read(row.json) == (isUnknown ? nil : row.value))
    }

    private typealias Number<Row> = any KeyPath<Row, Double?> & Sendable

    private static func field<Row>(
        _ name: String, _ rest: String, _ make: @escaping @Sendable (JSONValue) -> Row?, _ path: Number<Row>
    ) -> Field<Double> {
        Field(testDescription: name) { value in try decoded("{\(rest)\"\(name)\":\(value)}", make)?[keyPath: path] }
    }

    /// Of a JSON with `$` where the value goes.
    private static func nested<Row>(
        _ name: String, _ json: String, _ make: @escaping @Sendable (JSONValue) -> Row?, _ read: @escaping @Sendable (Row) -> Double?
    ) -> Field<Double> {
        Field(testDescription: name) { value in
            let text = json.split(separator: "$", omittingEmptySubsequences: false).joined(separator: value)
            return try decoded(text, make).flatMap(read)
        }
    }

    private static let numbers: [Field<Double>] =
        nodeFields + storageFields + guestFields + machineFields + containerFields + pressureFields + balloonFields + diskFields
        + otherFields

    private static let nodeFields: [Field<Double>] =
        ([
            ("cpu", \.cpuRatio), ("maxcpu", \.cpus), ("mem", \.memoryUsedBytes), ("maxmem", \.memoryBytes), ("uptime", \.uptimeSeconds),
        ] as [(String, Number<ClusterResources.Node>)])
        .map { field($0, "\"node\":\"a\",", ClusterResources.Node.init, $1) }

    private static let storageFields: [Field<Double>] =
        ([("disk", \.usedBytes), ("maxdisk", \.totalBytes)]
        as [(String, Number<ClusterResources.Storage>)])
        .map { field($0, "\"node\":\"a\",\"storage\":\"b\",", ClusterResources.Storage.init, $1) }

    private static let guestFields: [Field<Double>] =
        ([
            ("cpu", \.cpuRatio), ("maxcpu", \.cpus), ("mem", \.memoryUsedBytes), ("maxmem", \.memoryBytes), ("disk", \.diskUsedBytes),
            ("maxdisk", \.diskBytes), ("uptime", \.uptimeSeconds),
        ] as [(String, Number<GuestResource>)])
        .map { field($0, "\"vmid\":1,\"node\":\"a\",", { GuestResource($0, .qemu) }, $1) }

    private static let machineFields: [Field<Double>] =
        ([
            ("cpus", \.cpus), ("uptime", \.uptimeSeconds), ("pid", \.processID), ("mem", \.memoryUsedBytes), ("maxmem", \.memoryBytes),
            ("memhost", \.memoryOnHostBytes), ("freemem", \.memoryFreeBytes), ("balloon", \.balloonTargetBytes), ("maxdisk", \.diskBytes),
            ("netin", \.networkInBytes), ("netout", \.networkOutBytes), ("diskread", \.diskReadBytes), ("diskwrite", \.diskWriteBytes),
        ] as [(String, Number<VirtualMachine>)])
        .map { field($0, "\"vmid\":1,", VirtualMachine.init, $1) }

    private static let containerFields: [Field<Double>] =
        ([
            ("cpus", \.cpus), ("uptime", \.uptimeSeconds), ("pid", \.processID), ("mem", \.memoryUsedBytes), ("maxmem", \.memoryBytes),
            ("swap", \.swapUsedBytes), ("maxswap", \.swapBytes), ("disk", \.diskUsedBytes), ("maxdisk", \.diskBytes),
            ("netin", \.networkInBytes),
            ("netout", \.networkOutBytes), ("diskread", \.diskReadBytes), ("diskwrite", \.diskWriteBytes),
        ] as [(String, Number<Container>)])
        .map { field($0, "\"vmid\":1,", Container.init, $1) }

    private static let pressureFields: [Field<Double>] =
        ([
            ("pressurecpusome", \.cpuSome), ("pressurecpufull", \.cpuFull), ("pressureiosome", \.ioSome), ("pressureiofull", \.ioFull),
            ("pressurememorysome", \.memorySome), ("pressurememoryfull", \.memoryFull),
        ] as [(String, Number<Pressure>)])
        .flatMap { name, path in
            [
                nested(name, "{\"vmid\":1,\"\(name)\":$}", VirtualMachine.init) { $0.pressure[keyPath: path] },
                nested(name, "{\"vmid\":1,\"\(name)\":$}", Container.init) { $0.pressure[keyPath: path] },
            ]
        }

    private static let balloonFields: [Field<Double>] =
        ([
            ("actual", \.actualBytes), ("max_mem", \.maximumBytes), ("total_mem", \.totalBytes), ("mem_swapped_in", \.swappedInBytes),
            ("mem_swapped_out", \.swappedOutBytes), ("major_page_faults", \.majorPageFaults), ("minor_page_faults", \.minorPageFaults),
        ] as [(String, Number<VirtualMachine.Balloon>)])
        .map { name, path in
            nested(name, "{\"vmid\":1,\"ballooninfo\":{\"\(name)\":$}}", VirtualMachine.init) { $0.balloon[keyPath: path] }
        }

    private static let diskFields: [Field<Double>] =
        ([
            ("rd_bytes", \.readBytes), ("wr_bytes", \.writeBytes), ("rd_operations", \.reads), ("wr_operations", \.writes),
            ("flush_operations", \.flushes), ("unmap_operations", \.unmaps), ("failed_rd_operations", \.failedReads),
            ("failed_wr_operations", \.failedWrites), ("rd_total_time_ns", \.readNanoseconds), ("wr_total_time_ns", \.writeNanoseconds),
            ("flush_total_time_ns", \.flushNanoseconds), ("unmap_total_time_ns", \.unmapNanoseconds),
        ] as [(String, Number<VirtualMachine.BlockDevice>)])
        .map { name, path in
            nested(name, "{\"vmid\":1,\"blockstat\":{\"scsi0\":{\"\(name)\":$}}}", VirtualMachine.init) { $0.disks.first?[keyPath: path] }
        }

    private static let otherFields: [Field<Double>] = [
        nested("netin", "{\"vmid\":1,\"nics\":{\"tap0\":{\"netin\":$}}}", VirtualMachine.init) { $0.interfaces.first?.receivedBytes },
        nested("netout", "{\"vmid\":1,\"nics\":{\"tap0\":{\"netout\":$}}}", VirtualMachine.init) { $0.interfaces.first?.sentBytes },
        nested("loadavg[0]", "{\"loadavg\":[$,8,9]}", NodeStatus.init) { $0.load1 },
        nested("loadavg[1]", "{\"loadavg\":[7,$,9]}", NodeStatus.init) { $0.load5 },
        nested("loadavg[2]", "{\"loadavg\":[7,8,$]}", NodeStatus.init) { $0.load15 },
        nested("wait", "{\"wait\":$}", NodeStatus.init) { $0.ioWaitRatio },
        nested("cpuinfo.mhz", "{\"cpuinfo\":{\"mhz\":$}}", NodeStatus.init) { $0.cpuMegahertz },
        nested("cpuinfo.cores", "{\"cpuinfo\":{\"cores\":$}}", NodeStatus.init) { $0.cores },
        nested("cpuinfo.sockets", "{\"cpuinfo\":{\"sockets\":$}}", NodeStatus.init) { $0.sockets },
        nested("rootfs.total", "{\"rootfs\":{\"total\":$}}", NodeStatus.init) { $0.rootFileSystem?.totalBytes },
        nested("rootfs.used", "{\"rootfs\":{\"used\":$}}", NodeStatus.init) { $0.rootFileSystem?.usedBytes },
        nested("rootfs.free", "{\"rootfs\":{\"free\":$}}", NodeStatus.init) { $0.rootFileSystem?.freeBytes },
        nested("swap.total", "{\"swap\":{\"total\":$}}", NodeStatus.init) { $0.swap?.totalBytes },
        nested("swap.used", "{\"swap\":{\"used\":$}}", NodeStatus.init) { $0.swap?.usedBytes },
        nested("swap.free", "{\"swap\":{\"free\":$}}", NodeStatus.init) { $0.swap?.freeBytes },
        nested("ksm.shared", "{\"ksm\":{\"shared\":$}}", NodeStatus.init) { $0.sharedByKSMBytes },
    ]

    // MARK: texts, flags and keys

    @Test(
        arguments: texts,
        [("\"web\"", "web"), ("\"ü\\n\\\"🦅\"", "ü\n\"🦅"), ("123", "123"), ("\"123\"", "123"), ("null", nil), ("[]", nil), ("{}", nil)]
            as [(String, String?)])
    func text(field: Field<String>, row: (json: String, value: String?)) throws {
        #expect(try field.read(row.json) == row.value)
    }

    @Test(arguments: texts.filter { !["status", "release", "repoid", "plugintype"].contains($0.testDescription) })
    func `an empty word is none`(field: Field<String>) throws { #expect(try field.read("\"\"") == nil) }

    private static func text<Row>(
        _ name: String, _ rest: String, _ make: @escaping @Sendable (JSONValue) -> Row?, _ read: @escaping @Sendable (Row) -> String?
    ) -> Field<String> {
        Field(testDescription: name) { value in
            // What is absent is "" where a label needs a value all the same.
            try decoded("{\(rest)\"\(name)\":\(value)}", make).flatMap(read).flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    private static let texts: [Field<String>] = [
        text("version", "", ProxmoxVersion.init) { $0.version },
        text("release", "\"version\":\"1\",", ProxmoxVersion.init) { $0.release },
        text("repoid", "\"version\":\"1\",", ProxmoxVersion.init) { $0.repositoryID },
        text("node", "", ClusterResources.Node.init) { $0.name },
        text("status", "\"node\":\"a\",", ClusterResources.Node.init) { $0.status },
        text("node", "\"storage\":\"b\",", ClusterResources.Storage.init) { $0.node },
        text("storage", "\"node\":\"b\",", ClusterResources.Storage.init) { $0.name },
        text("plugintype", "\"node\":\"a\",\"storage\":\"b\",", ClusterResources.Storage.init) { $0.type },
        text("status", "\"node\":\"a\",\"storage\":\"b\",", ClusterResources.Storage.init) { $0.status },
        text("node", "\"vmid\":1,", { GuestResource($0, .lxc) }) { $0.node },
        text("name", "\"vmid\":1,\"node\":\"a\",", { GuestResource($0, .lxc) }) { $0.name },
        text("status", "\"vmid\":1,\"node\":\"a\",", { GuestResource($0, .lxc) }) { $0.status },
        text("tags", "\"vmid\":1,\"node\":\"a\",", { GuestResource($0, .lxc) }) { $0.tags },
        text("pool", "\"vmid\":1,\"node\":\"a\",", { GuestResource($0, .lxc) }) { $0.pool },
        text("name", "\"vmid\":1,", VirtualMachine.init) { $0.name },
        text("status", "\"vmid\":1,", VirtualMachine.init) { $0.status },
        text("tags", "\"vmid\":1,", VirtualMachine.init) { $0.tags },
        text("name", "\"vmid\":1,", Container.init) { $0.name },
        text("status", "\"vmid\":1,", Container.init) { $0.status },
        text("tags", "\"vmid\":1,", Container.init) { $0.tags },
    ]

    @Test(
        arguments: flags,
        [
            ("1", true), ("0", false), ("true", true), ("false", false), ("\"1\"", true), ("\"0\"", false), ("\"\"", false), ("1.0", true),
            ("null", nil), ("\"maybe\"", nil), ("[]", nil),
        ] as [(String, Bool?)])
    func flag(field: Field<Bool>, row: (json: String, value: Bool?)) throws {
        #expect(try field.read(row.json) == row.value)
    }

    private static let flags: [Field<Bool>] = [
        Field(testDescription: "quorate") {
            try decoded("[{\"type\":\"node\",\"name\":\"a\"},{\"type\":\"cluster\",\"quorate\":\($0)}]", ClusterStatus.init)?.isQuorate
        },
        Field(testDescription: "online") {
            try decoded("[{\"type\":\"node\",\"name\":\"a\",\"online\":\($0)}]", ClusterStatus.init)?.nodes.first?.isOnline
        },
        Field(testDescription: "template of resources") {
            try decoded("{\"vmid\":1,\"node\":\"a\",\"template\":\($0)}", { GuestResource($0, .qemu) })?.isTemplate
        },
        Field(testDescription: "template of qemu") { try decoded("{\"vmid\":1,\"template\":\($0)}", VirtualMachine.init)?.isTemplate },
        Field(testDescription: "template of lxc") { try decoded("{\"vmid\":1,\"template\":\($0)}", Container.init)?.isTemplate },
    ]

    @Test(
        arguments: [
            ("100", 100), ("\"100\"", 100), ("100.0", 100), ("999999999", 999_999_999), ("null", nil), ("\"\"", nil), ("\"x\"", nil),
            ("1.5", nil),
            ("-1", nil), ("1e300", nil), ("[1]", nil),
        ] as [(String, Int?)])
    func vmid(json: String, vmid: Int?) throws {
        #expect(try decoded("{\"vmid\":\(json),\"node\":\"a\"}") { GuestResource($0, .qemu) }?.vmid == vmid)
        #expect(try decoded("{\"vmid\":\(json)}", VirtualMachine.init)?.vmid == vmid)
        #expect(try decoded("{\"vmid\":\(json)}", Container.init)?.vmid == vmid)
    }

    @Test(arguments: ["null", "1", "\"x\"", "{}", "[]"])
    func `an answer of another shape is none, and odd rows are left out`(json: String) throws {
        if json != "[]" {
            #expect(try decoded(json, ClusterStatus.init) == nil)
            #expect(try decoded(json, ClusterResources.init) == nil)
        }
        if json != "{}" { #expect(try decoded(json, NodeStatus.init) == nil) }
        #expect(try decoded(json, ProxmoxVersion.init) == nil)
        let strange = "\(json),{\"type\":\(json)}"
        let odd = "\(strange),{\"type\":\"node\"},{\"type\":\"qemu\",\"node\":\"a\"}"
        let resources = try decoded("[\(odd),{\"type\":\"node\",\"node\":\"a\"}]", ClusterResources.init)
        #expect(resources?.nodes.map(\.name) == ["a"] && resources?.guests.isEmpty == true && resources?.storages.isEmpty == true)
        #expect(resources?.unreadableCount == 2)
        #expect(try decoded("[\(strange),{\"type\":\"node\",\"name\":\"a\"}]", ClusterStatus.init)?.nodes.map(\.name) == ["a"])
        // Without its name nobody knows which node it is, nor how many there are.
        #expect(try decoded("[\(odd),{\"type\":\"node\",\"name\":\"a\"}]", ClusterStatus.init) == nil)
        // Whoever answers is a node: an answer that holds none is half an answer.
        #expect(try decoded("[\(odd)]", ClusterResources.init) == nil)
        #expect(try decoded("[\(odd)]", ClusterStatus.init) == nil)
    }

    @Test func `of two rows about a node the first counts`() throws {
        let rows = #"[{"type":"node","name":"a","online":1},{"type":"node","name":"a","online":0},{"type":"node","name":"b","online":0}]"#
        let status = try decoded(rows, ClusterStatus.init)
        #expect(status?.nodes.map(\.name) == ["a", "b"] && status?.nodes.map(\.isOnline) == [true, false])
    }

    @Test func `rows of a list that cannot be read are counted`() throws {
        let listing = try decoded(#"[{"vmid":1},{},7,null,{"vmid":"x"},{"vmid":"2"}]"#) { Listing($0, VirtualMachine.init) }
        #expect(listing?.rows.map(\.vmid) == [1, 2] && listing?.unreadableCount == 4 && listing?.isWhole == false)
        #expect(try decoded(#"[{"vmid":1}]"#) { Listing($0, Container.init) }?.isWhole == true)
        #expect(try decoded("[]") { Listing($0, Container.init) }?.isWhole == true)
        #expect(try decoded("{}") { Listing($0, Container.init) } == nil)
        // What a row becomes takes a thousand bytes, and sixteen megabytes hold more than a million rows.
        func rows(_ count: Int) -> String { "[" + [String](repeating: #"{"vmid":1}"#, count: count).joined(separator: ",") + "]" }
        #expect(try decoded(rows(32_768)) { Listing($0, VirtualMachine.init) }?.rows.count == 32_768)
        #expect(try decoded(rows(32_769)) { Listing($0, VirtualMachine.init) } == nil)
    }

    @Test func `parts of another shape are as if they were not there`() throws {
        for json in ["null", "[]", "\"x\"", "5"] {
            let machine = try decoded("{\"vmid\":1,\"blockstat\":\(json),\"nics\":\(json),\"ballooninfo\":\(json)}", VirtualMachine.init)
            #expect(machine?.disks.isEmpty == true && machine?.interfaces.isEmpty == true && machine?.balloon.actualBytes == nil)
            let status = try decoded("{\"loadavg\":\(json),\"cpuinfo\":\(json),\"rootfs\":\(json),\"ksm\":\(json)}", NodeStatus.init)
            #expect(status?.load1 == nil && status?.cores == nil && status?.rootFileSystem?.totalBytes == nil)
        }
    }
}
