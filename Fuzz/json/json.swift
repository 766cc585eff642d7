import FuzzSupport
@testable import JSON
@testable import Metrics
import Primitives
@testable import ProxmoxAPI
@testable import ProxmoxDropIn
@testable import Simulation

// Answers from outside: JSON, and every model that is made of it.

private let families = DropInFamilies()
private let table = try? FamilyTable([families.catalogue], textOnly: true)

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let document: JSONDocument
    do { document = try JSONDocument(parsing: input.bytes) } catch {
        demandFitForTerminal("\(error)")
        return 0
    }
    document.withRoot { root in
        let data = root["data"] ?? root
        switch input.choice & 15 {
        case 0: readAgain(root)
        case 1: version(data)
        case 2: status(data)
        case 3: resources(data)
        case 4: _ = NodeStatus(data)
        case 5: machines(data)
        case 6: containers(data)
        case 7: resourceSeries(data)
        case 8: statusSeries(data)
        case 9: nodeSeries(data)
        case 10: guests(data)
        case 11: timeline(input.bytes)
        case 12: notifications(input.bytes)
        default: readAgain(root)
        }
    }
    return 0
}

// MARK: the document

/// What was read, written again with all scalars as text, must read as the same text.
private func readAgain(_ root: JSONValue) {
    var json = JSONWriter()
    write(root, into: &json)
    do {
        let again = try JSONDocument(parsing: json.bytes)
        again.withRoot { demandSame(root, $0) }
    } catch {
        demand(false, "what is written can be read: \(error): \(String(decoding: json.bytes, as: UTF8.self))")
    }
}

private func write(_ value: JSONValue, into json: inout JSONWriter) {
    if value.isObject {
        json.object { json in
            value.forEachMember { key, member in
                json.key(text: key.text)
                write(member, into: &json)
            }
        }
    } else if value.isArray {
        json.array { json in value.forEachElement { write($0, into: &json) } }
    } else if let text = value.text {
        json.string(text)
    } else {
        json.null()
    }
}

private func demandSame(_ value: JSONValue, _ again: JSONValue) {
    demand(value.isNull == again.isNull, "null stays null")
    demand(value.number?.isFinite != false, "a number is finite")
    if let integer = value.integer, let number = value.number { demand(Double(integer) == number, "a whole number is the number") }
    if value.isObject || value.isArray {
        demand(value.isObject == again.isObject, "objects stay objects, and lists lists")
        var (mine, others) = ([(String, JSONValue)](), [(String, JSONValue)]())
        value.forEachMember { mine.append(($0.text, $1)) }
        value.forEachElement { mine.append(("", $0)) }
        again.forEachMember { others.append(($0.text, $1)) }
        again.forEachElement { others.append(("", $0)) }
        demand(mine.count == others.count, "nothing comes, nothing goes")
        for (one, other) in zip(mine, others) {
            demand(one.0.utf8.elementsEqual(other.0.utf8), "names stay")
            demandSame(one.1, other.1)
        }
    } else if let text = value.text {
        demand(again.text.map { $0.utf8.elementsEqual(text.utf8) } == true, "text stays: \(text.debugDescription)")
    }
}

// MARK: the client's models

/// What stands in label sets is short.
private func demandWord(_ word: String?, _ what: String) {
    demand(word.map { !$0.isEmpty && $0.utf8.count <= 8195 } ?? true, "\(what) is a short text or absent")
}

private func version(_ data: JSONValue) {
    guard let version = ProxmoxVersion(data) else { return }
    demandWord(version.version, "the version")
}

private func status(_ data: JSONValue) {
    guard let status = ClusterStatus(data) else { return }
    demand((1...ProxmoxClient.nodeLimit).contains(status.nodes.count), "a cluster has nodes, and not too many")
    demandWord(status.clusterName, "the cluster's name")
    for node in status.nodes { demandWord(node.name, "a node's name") }
}

private func resources(_ data: JSONValue) {
    guard let resources = ClusterResources(data) else { return }
    demand((1...ProxmoxClient.nodeLimit).contains(resources.nodes.count), "a cluster has nodes, and not too many")
    for guest in resources.guests {
        demand(guest.vmid >= 0, "a guest has a number")
        demandWord(guest.node, "a guest's node")
        demandWord(guest.name, "a guest's name")
    }
    for storage in resources.storages { demandWord(storage.name, "a storage's name") }
}

private func machines(_ data: JSONValue) {
    for machine in data.compactMapElements(VirtualMachine.init) {
        demand(machine.vmid >= 0, "a machine has a number")
        demand(machine.disks.count <= 128 && machine.interfaces.count <= 128, "a machine has not too many devices")
        demand(zip(machine.disks, machine.disks.dropFirst()).allSatisfy { $0.name <= $1.name }, "disks are in order")
        demandWord(machine.name, "a machine's name")
    }
}

private func containers(_ data: JSONValue) {
    for container in data.compactMapElements(Container.init) {
        demand(container.vmid >= 0, "a container has a number")
        demandWord(container.name, "a container's name")
    }
}

// MARK: the series of /pve

private func resourceSeries(_ data: JSONValue) {
    var buffer = SampleBuffer(part: "resources")
    data.forEachElement { element in
        let row = ResourceRow(element)
        guard let text = row.id else { return }
        let id = buffer.labels(DropInFamilies.id, text)
        families.status.writeUp(row, id: id, into: &buffer)
        families.resources.write(row, id: id, into: &buffer)
        families.guestStates.write(row, id: id, into: &buffer)
    }
    demandExposition(buffer)
}

private func statusSeries(_ data: JSONValue) {
    guard let rows = ClusterRows(data, families, DropInCollectors(), isCluster: true) else { return }
    demandExposition(rows.buffer)
}

private func nodeSeries(_ data: JSONValue) {
    var buffer = SampleBuffer(part: "node")
    data.forEachElement { row in
        families.node.writeReplication(row, into: &buffer)
        families.node.writeSubscription(row, node: "pve1", into: &buffer)
        families.cluster.writeNotBackedUp(row, into: &buffer)
        families.cluster.writeDevice(row, cluster: "lab", into: &buffer)
    }
    _ = families.cluster.writeVersion(data, into: &buffer)
    demandExposition(buffer)
}

private func guests(_ data: JSONValue) {
    guard let list = GuestList(data, "pve1", "qemu") else { return }
    demand(list.guests.allSatisfy { $0.vmid.utf8.allSatisfy { (0x30...0x39).contains($0) } }, "a guest's number is digits")
    _ = list.guests.sorted { $0.precedes($1) }
}

/// Whatever the answer held, each line is a comment or a series with its value, and no series stands there twice.
private func demandExposition(_ buffer: SampleBuffer) {
    guard let table else { return demand(false, "the families of /pve go together") }
    let exposition = Exposition(table, [[buffer]])
    var text: [UInt8] = []
    var chunk: [UInt8] = []
    TextFormat.write(exposition, through: &chunk) { bytes in
        text += bytes
        bytes.removeAll(keepingCapacity: true)
    }
    demand(String(validating: text, as: UTF8.self) != nil, "an exposition is UTF-8")
    demand(text.isEmpty || text.last == 0x0A, "the last line ends")
    var series: Set<[UInt8]> = []
    for line in text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() where line.first != UInt8(ascii: "#") {
        guard let space = line.lastIndex(of: 0x20) else { return demand(false, "a sample has a value") }
        let value = String(decoding: line[(space + 1)...], as: UTF8.self)
        demand(Double(value) != nil, "a value is a number: \(value)")
        demand(series.insert(Array(line[..<space])).inserted, "a series stands there once: \(String(decoding: line, as: UTF8.self))")
        demandLabels(line[..<space])
    }
    var reader = ExpositionReader(text, as: .text, .strict)
    do { while try reader.next() != nil {} } catch { demand(false, "our own reader has nothing against it: \(error)") }
    demand(reader.report.sampleCount == series.count, "and finds every sample")
}

/// `name{label="value",…}` with quotes and backslashes escaped.
private func demandLabels(_ series: ArraySlice<UInt8>) {
    guard let open = series.firstIndex(of: UInt8(ascii: "{")) else { return }
    demand(series.last == UInt8(ascii: "}"), "a label set is closed")
    var rest = series[(open + 1)...].dropLast()
    while !rest.isEmpty {
        guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return demand(false, "a label has a value") }
        rest = rest[(equals + 1)...]
        demand(rest.popFirst() == UInt8(ascii: "\""), "a label's value is quoted")
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                demand(rest.popFirst().map { [0x6E, 0x5C, 0x22].contains($0) } == true, "only n, backslash and quote are escaped")
            }
        }
        demand(rest.isEmpty || rest.popFirst() == UInt8(ascii: ","), "labels have commas between them")
    }
}

// MARK: what simulators are sent

private func timeline(_ bytes: [UInt8]) {
    do {
        let timeline = try Timeline(parsing: bytes, path: "scenario.json")
        demand(try Timeline(parsing: timeline.json(), path: "again.json") == timeline, "a timeline that is written reads the same")
        demand((0...4.1e9).contains(timeline.epoch), "an epoch is a unix time")
    } catch {
        demandFitForTerminal("\(error)")
        demand("\(error)".hasPrefix("scenario.json"), "an error names the file: \(error)")
    }
}

private func notifications(_ bytes: [UInt8]) {
    do {
        for alert in try AlertNotification.read(bytes, receivedAt: 0) {
            demand(alert.line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }, "an alert is one line")
            var json = JSONWriter()
            alert.write(into: &json)
            _ = try JSONDocument(parsing: json.bytes)
        }
    } catch {
        demandFitForTerminal("\(error)")
    }
}
