import FuzzSupport
import Primitives
@testable import ProxmoxConfiguration
@testable import ProxmoxDropIn
@testable import Settings

// Configuration: YAML, the shapes that it must have, and what modules make of it.

private let file = UnlinkedFile()

/// Sections as the program has them, and one of each other kind of value.
private let shape = SettingsShape.section([
    SettingsKey("proxmox", .section([ConfiguredClusters.key]), "Proxmox."),
    SettingsKey("pve", DropInSettings.shape, "Drop-in."),
    SettingsKey(
        "log",
        .section([
            SettingsKey("level", .choice(["debug", "info", "warn", "error"]), "Lines."), SettingsKey("color", .flag, "Colour."),
        ]), "Log."),
    SettingsKey("web", .section([SettingsKey("listen_address", .texts, "Where.")]), "Web."),
    SettingsKey("scrape", .section([SettingsKey("timeout", .seconds(0.5...120), "How long.")]), "Scrape."),
    SettingsKey("port", .integer(0...65535), "Port."),
    SettingsKey("named", .named([SettingsKey("value", .text, "Value.")]), "Named."),
])

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice & 3 {
    case 0: readAgain(input.bytes)
    case 1: program(input.bytes)
    case 2: modules(input.bytes)
    default: variables(input.bytes)
    }
    return 0
}

/// What was read, written as YAML of another style, must read the same.
private func readAgain(_ bytes: [UInt8]) {
    let node: SettingsNode
    do { node = try YAMLReader.read(bytes, path: "f.yml") } catch {
        demandFitForTerminal("\(error)")
        demand(error.message.hasPrefix("f.yml:"), "an error names the place: \(error)")
        return
    }
    var text = ""
    write(node, into: &text)
    do {
        let again = try YAMLReader.read(Array(text.utf8), path: "g.yml")
        demand(isSame(node, again), "what is written again reads the same: \(text)")
    } catch {
        demand(false, "what is written again can be read: \(error): \(text)")
    }
}

/// The program's own file.
private func program(_ bytes: [UInt8]) {
    file.hold(bytes)
    do {
        let tree = try SettingsTree(file: file.path, environment: [:], flags: [], shape: shape)
        use(tree)
    } catch {
        demandFitForTerminal("\(error)")
    }
}

/// `pve.yml`
private func modules(_ bytes: [UInt8]) {
    file.hold(bytes)
    do {
        let modules = try ModuleFile.read(file.path)
        demand(!modules.isEmpty, "there is a module")
        for (name, module) in modules {
            demand(name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a module's name is fit for a label")
            demand(module.port > 0, "a module has a port")
            demand(module.timeoutSeconds.map { (0.1...600).contains($0) } ?? true, "a timeout is in its range")
        }
    } catch {
        demandFitForTerminal("\(error)")
    }
}

/// Each line is a variable, `NAME=VALUE`.
private func variables(_ bytes: [UInt8]) {
    var environment: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(64) {
        let halves = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        environment["MARTLET_" + String(decoding: halves[0], as: UTF8.self)] =
            halves.count > 1 ? String(decoding: halves[1], as: UTF8.self) : ""
    }
    do { use(try SettingsTree(file: nil, environment: environment, flags: [], shape: shape)) } catch { demandFitForTerminal("\(error)") }
}

/// Every part of the program that reads a section.
private func use(_ tree: SettingsTree) {
    if let port = tree["port"].integer { demand((0...65535).contains(port), "a checked number is in its range") }
    if let seconds = tree["scrape"]["timeout"].seconds { demand((0.5...120).contains(seconds), "a checked duration is in its range") }
    do { _ = try ConfiguredClusters(tree["proxmox"], environment: [:]) } catch { demandFitForTerminal("\(error)") }
    do { _ = try AllowedTargets(tree["pve"]["allowed_targets"]) } catch { demandFitForTerminal("\(error)") }
}

/// In flow style, with every letter outside ASCII as an escape.
private func write(_ node: SettingsNode, into text: inout String) {
    switch node.content {
    case .empty: text += "~"
    case .scalar(let scalar): write(scalar, into: &text)
    case .sequence(let elements):
        text += "["
        for element in elements {
            write(element, into: &text)
            text += ","
        }
        text += "]"
    case .mapping(let members):
        text += "{"
        for member in members {
            // With its mark, a key may be longer than the 1024 letters in which libyaml looks for the colon.
            text += "? "
            write(member.key, into: &text)
            text += " : "
            write(member.node, into: &text)
            text += ","
        }
        text += "}"
    }
}

private func write(_ scalar: String, into text: inout String) {
    text += "\""
    for letter in scalar.unicodeScalars {
        if letter == "\"" || letter == "\\" || !(0x20...0x7E).contains(letter.value) {
            let digits = String(letter.value, radix: 16)
            text += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        } else {
            text.unicodeScalars.append(letter)
        }
    }
    text += "\""
}

private func isSame(_ left: SettingsNode, _ right: SettingsNode) -> Bool {
    switch (left.content, right.content) {
    case (.empty, .empty): true
    case (.scalar(let one), .scalar(let other)): one.utf8.elementsEqual(other.utf8)
    case (.sequence(let one), .sequence(let other)): one.count == other.count && zip(one, other).allSatisfy(isSame)
    case (.mapping(let one), .mapping(let other)):
        one.count == other.count
            && zip(one, other).allSatisfy { $0.key.utf8.elementsEqual($1.key.utf8) && isSame($0.node, $1.node) }
    default: false
    }
}
