import JSON
import Primitives

extension ReaderLine {
    /// Reads a line without its end. It comes from another process, so everything in it is bounded; members that nobody knows are skipped.
    ///
    /// Errors: `malformed`. Nil is a line of a type that is not known, as of another version.
    static func read(_ bytes: [UInt8]) throws(Failure) -> ReaderLine? {
        guard bytes.count < limitBytes else { throw Failure(.limit, "a line is longer than \(limitBytes) bytes") }
        let document = try JSONDocument(parsing: bytes, depth: 8)
        let line: Result<ReaderLine?, Failure> = document.withRoot { root in
            guard root.isObject else { return .failure(Failure(.malformed, "a line is no object")) }
            switch root["type"]?.text {
            case "hello": return .success(.hello(hello(root)))
            case "card": return card(root).map { .success(.card($0)) } ?? .failure(Failure(.malformed, "a card has no uuid or index"))
            case "event":
                guard let uuid = text(root["uuid"]), let xid = root["xid"]?.integer, let time = number(root["time"]) else {
                    return .failure(Failure(.malformed, "an event lacks uuid, xid or time"))
                }
                guard XIDEvent.xids.contains(xid), time >= 0, time.isFinite else {
                    return .failure(Failure(.malformed, "an event has a number that no XID has, or a time that never was"))
                }
                return .success(.event(XIDEvent(uuid: uuid, xid: xid, unixSeconds: time)))
            case "calls": return .success(.calls(calls(root)))
            case "stuck":
                guard let call = text(root["call"]), let seconds = root["seconds"]?.number else {
                    return .failure(Failure(.malformed, "a stuck call has no name or time"))
                }
                return .success(.stuck(StuckCall(uuid: text(root["uuid"]), call: call, seconds: seconds)))
            case "end": return .success(.end(code: code(root["code"]), call: text(root["call"]) ?? ""))
            default: return .success(nil)
            }
        }
        return try line.get()
    }

    /// One that is longer than any of NVML's is cut; control characters become spaces, as it becomes a label.
    private static func text(_ value: JSONValue?) -> String? {
        guard let value, value.isString, let text = value.text else { return nil }
        return plainLine(text, limit: textBytes)
    }

    /// No card has numbers beyond this; sums of those that it has stay finite.
    private static let largest = 1e24

    private static func number(_ value: JSONValue?) -> Double? { value?.number.flatMap { $0.magnitude <= largest ? $0 : nil } }

    private static func code(_ value: JSONValue?) -> Int32 {
        value?.integer.flatMap { Int32(exactly: $0) } ?? ReturnCode.unknown.rawValue
    }

    private static func hello(_ root: JSONValue) -> Hello {
        var hello = Hello(code: code(root["code"]))
        hello.reason = root["reason"]?.text.map { plainLine($0, limit: 400) } ?? ""
        hello.driverVersion = text(root["driver"]) ?? ""
        hello.nvmlVersion = text(root["nvml"]) ?? ""
        hello.cudaVersion = text(root["cuda"]) ?? ""
        hello.count = (root["count"]?.integer ?? 0).clamped(to: 0...cardLimit)
        root["cards"]?.forEachElement { element in
            if hello.cards.count < cardLimit, let uuid = text(element) { hello.cards.append(uuid) }
        }
        root["missing"]?.forEachElement { element in
            guard hello.missing.count < cardLimit, element.isObject, let index = element["index"]?.integer, (0..<cardLimit).contains(index)
            else { return }
            let condition = element["condition"]?.text.flatMap(CardCondition.init(rawValue:)) ?? .unknown
            hello.missing.append(
                MissingCard(
                    index: index, uuid: text(element["uuid"]) ?? "", busID: text(element["bus"]) ?? "", name: text(element["name"]) ?? "",
                    condition: condition == .ok ? .unknown : condition))
        }
        return hello
    }

    private static func calls(_ root: JSONValue) -> [CallCount] {
        var counts: [CallCount] = []
        root["counts"]?.forEachElement { element in
            let values = elements(element, 3)
            guard counts.count < callLimit, values.count == 3, let call = text(values[0]), let count = values[2].integer, count >= 0 else {
                return
            }
            counts.append(CallCount(call: call, code: code(values[1]), count: count))
        }
        return counts
    }

    private static func card(_ root: JSONValue) -> CardSample? {
        guard let uuid = text(root["uuid"]), !uuid.isEmpty, uuid != GPUCollector.part, let index = root["index"]?.integer,
            (0..<1_000_000).contains(index)
        else {
            return nil
        }
        var identity = CardIdentity(uuid: uuid, index: index)
        identity.name = text(root["name"]) ?? ""
        identity.busID = text(root["bus"]) ?? ""
        identity.minorNumber = root["minor"]?.integer
        identity.virtualizationMode = text(root["mode"]) ?? ""
        identity.architecture = text(root["architecture"]) ?? ""
        var sample = CardSample(identity: identity)
        sample.condition = root["condition"]?.text.flatMap(CardCondition.init(rawValue:)) ?? .ok
        for (name, value) in numbers(root["facts"], limit: factLimit) { sample.facts[Fact(name)] = value }
        if let list = root["processes"], list.isArray { sample.processes = processes(list) }
        root["migs"]?.forEachElement { element in
            guard sample.migs.count < migLimit, let mig = mig(element), !sample.migs.contains(where: { $0.uuid == mig.uuid }) else {
                return
            }
            sample.migs.append(mig)
        }
        guard let list = root["vgpus"], list.isArray else { return sample }
        var vgpus: [VGPUSample] = []
        list.forEachElement { element in
            if vgpus.count < vgpuLimit, let vgpu = vgpu(element) { vgpus.append(vgpu) }
        }
        sample.vgpus = vgpus
        sample.vgpuInstancesMax = Dictionary(numbers(root["vgpu_max"], limit: vgpuLimit)) { first, _ in first }
        return sample
    }

    private static func processes(_ list: JSONValue) -> [ProcessSample] {
        var processes: [ProcessSample] = []
        var seen: Set<Int> = []
        list.forEachElement { element in
            let values = elements(element, 5)
            guard processes.count < processLimit, values.count >= 4, let pid = values[0].integer, pid > 0, let kinds = values[1].integer,
                seen.insert(pid).inserted
            else { return }
            processes.append(
                ProcessSample(
                    pid: pid, isCompute: kinds & 1 != 0, isGraphics: kinds & 2 != 0, memoryBytes: number(values[2]),
                    utilization: number(values[3]), instances: values.count > 4 ? instances(values[4]) : [:]))
        }
        return processes
    }

    private static func instances(_ list: JSONValue) -> [Int: Double?] {
        var found: [Int: Double?] = [:]
        guard list.isArray else { return found }
        list.forEachElement { element in
            let values = elements(element, 2)
            guard found.count < processInstanceLimit, values.count == 2, let instance = values[0].integer, (0..<1000).contains(instance)
            else { return }
            found[instance] = .some(values[1].number)
        }
        return found
    }

    private static func mig(_ value: JSONValue) -> MIGSample? {
        guard let uuid = text(value["uuid"]), let gpuInstance = value["gi"]?.integer, let computeInstance = value["ci"]?.integer else {
            return nil
        }
        return MIGSample(
            uuid: uuid, gpuInstance: gpuInstance, computeInstance: computeInstance, profile: text(value["profile"]) ?? "",
            memoryUsed: number(value["used"]), memoryTotal: number(value["total"]),
            activity: Dictionary(numbers(value["activity"], limit: 16)) { first, _ in first })
    }

    private static func vgpu(_ value: JSONValue) -> VGPUSample? {
        guard let uuid = text(value["uuid"]) else { return nil }
        var vgpu = VGPUSample(uuid: uuid)
        vgpu.type = text(value["type"]) ?? ""
        vgpu.vm = text(value["vm"]) ?? ""
        vgpu.isVMUUID = value["vm_is_uuid"]?.flag ?? true
        vgpu.mdevUUID = text(value["mdev"]) ?? ""
        vgpu.guestDriver = text(value["driver"]) ?? ""
        vgpu.license = text(value["license"])
        vgpu.smUtilization = number(value["sm"])
        vgpu.memoryUtilization = number(value["memory"])
        vgpu.encoderUtilization = number(value["encoder"])
        vgpu.decoderUtilization = number(value["decoder"])
        vgpu.framebufferUsed = number(value["used"])
        vgpu.framebufferTotal = number(value["total"])
        vgpu.frameRateLimit = number(value["frames"])
        return vgpu
    }

    private static func numbers(_ value: JSONValue?, limit: Int) -> [(String, Double)] {
        var found: [(String, Double)] = []
        value?.forEachMember { key, value in
            guard found.count < limit, key.text.utf8.count <= textBytes, let number = number(value) else { return }
            found.append((plainLine(key.text, limit: textBytes), number))
        }
        return found
    }

    /// The first so many elements.
    private static func elements(_ value: JSONValue, _ limit: Int) -> [JSONValue] {
        var found: [JSONValue] = []
        value.forEachElement { if found.count < limit { found.append($0) } }
        return found
    }
}

/// The text on one line of at most `limit` bytes, cut between characters.
func plainLine(_ text: String, limit: Int) -> String {
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var line = ""
    var count = 0
    for letter in text.unicodeScalars {
        let kept: Unicode.Scalar = letter.properties.generalCategory == .control ? " " : letter
        count += UTF8.width(kept)
        guard count <= limit else { break }
        line.unicodeScalars.append(kept)
    }
    return line
}
