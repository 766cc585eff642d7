import FuzzSupport
@testable import LibvirtProvider
import Primitives
import RPC
import XML

// XML from hypervisors, and what lies in their pools: trees within bounds that are written as they were read, and machines, disks and records of which
// nothing is taken for more than it is.

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice % 5 {
    case 0: readTree(input.bytes)
    case 1: readMachine(input.bytes)
    case 2: readHead(input.bytes)
    case 3: _ = ISO9660Image.read("user-data", of: seed(input.bytes))
    default:
        if let record = ImageRecord(input.bytes) { demand(ImageRecord(record.json) == record, "a record is read as it was written") }
    }
    return 0
}

private func readTree(_ bytes: [UInt8]) {
    let limits = XMLLimits(bytes: 1 << 16, depth: 32, elements: 500, attributes: 500)
    do throws(Failure) {
        let root = try XMLReader.read(bytes: bytes, source: "input", limits: limits)
        let again: XMLElement
        do throws(Failure) { again = try XMLReader.read(root.xml, source: "written") } catch {
            return demand(false, "what was written can be read: \(error)")
        }
        demand(again == asWritten(root), "what was written is read as it was")
    } catch {
        demandFitForTerminal(error.message)
        demand(error.message.hasPrefix("input"), "an error says where")
    }
}

/// As writing keeps it: text beside children has no white space at its ends.
private func asWritten(_ element: XMLElement) -> XMLElement {
    var written = element
    if !element.children.isEmpty { written.text = element.trimmedText ?? "" }
    written.children = element.children.map(asWritten)
    return written
}

private func readMachine(_ bytes: [UInt8]) {
    guard let view = try? MachineView(xml: String(decoding: bytes, as: UTF8.self)) else { return }
    if let mark = view.mark {
        guard let element = try? XMLReader.read(mark.xml, source: "mark") else { return demand(false, "a mark is XML") }
        demand(MachineMark(element) == mark, "a mark is read as it was written")
    }
    if let root = view.rootDisk { demand(root.device == "disk" && !root.isReadOnly, "the first disk can be written") }
}

private func readHead(_ bytes: [UInt8]) {
    do throws(RPCError) {
        let format = try DiskFormat.detect(bytes, said: nil, what: "the image")
        demand(["qcow2", "raw"].contains(format.name), "a format is known")
        if format.name == "qcow2" {
            demand(bytes[8..<16].allSatisfy { $0 == 0 }, "an image stands upon nothing")
            demand((format.capacityBytes ?? 0) > 0, "a disk has bytes")
        }
    } catch {
        demandFitForTerminal(error.message)
    }
}

/// A file system whose directory the bytes are.
private func seed(_ bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 20 * 2048) + bytes + [UInt8](repeating: 0, count: 2048) }
