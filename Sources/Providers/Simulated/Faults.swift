import JSON
package import Primitives

/// What goes wrong on the hypervisor: `faults.json` in its folder, read at each call, so it may be changed at any time.
///
///     {"poolFull": true, "failsAt": 0.4, "failingKinds": ["create"], "losesAnswers": {"define": 1}}
package struct Faults: Sendable, Equatable {
    /// Nobody answers, and who asks is told so at once.
    package var unreachable = false
    /// Nobody answers, and who asks waits, for as long as it is so.
    package var hangs = false
    /// Whoever asks is not known.
    package var wrongCredentials = false
    /// Whoever asks is known and may do nothing but look.
    package var forbidden = false
    /// No pool has room.
    package var poolFull = false
    /// Images are not what their source has.
    package var badChecksum = false
    /// How many times longer everything takes.
    package var slowness: Double = 1
    /// How far work comes before it fails, from 0 to 1.
    package var failsAt: Double?
    /// Of which kinds of work; all when it is empty: create, clone, delete, power, reconfigure, snapshot, snapshot-delete, revert, image, import, export.
    package var failingKinds: [String] = []
    package var refusesCancel = false
    /// Guests do not hear that they shall shut down.
    package var deafGuests = false
    /// How many answers of a call are lost after it was done, ever, by the call's name.
    package var losesAnswers: [String: Int] = [:]

    package init() {}

    /// Those of the file; none when there is no file. Errors: what is wrong with it.
    package static func read(_ path: String) throws(Failure) -> Faults {
        guard Files.exists(path) else { return Faults() }
        let document = try JSONDocument(parsing: try Files.read(path, limitBytes: 1 << 16))
        return document.withRoot { root in
            var faults = Faults()
            faults.unreachable = root["unreachable"]?.flag ?? false
            faults.hangs = root["hangs"]?.flag ?? false
            faults.wrongCredentials = root["wrongCredentials"]?.flag ?? false
            faults.forbidden = root["forbidden"]?.flag ?? false
            faults.poolFull = root["poolFull"]?.flag ?? false
            faults.badChecksum = root["badChecksum"]?.flag ?? false
            faults.slowness = root["slowness"]?.number ?? 1
            faults.failsAt = root["failsAt"]?.number
            root["failingKinds"]?.forEachElement { if let kind = $0.text { faults.failingKinds.append(kind) } }
            faults.refusesCancel = root["refusesCancel"]?.flag ?? false
            faults.deafGuests = root["deafGuests"]?.flag ?? false
            root["losesAnswers"]?.forEachMember { key, value in faults.losesAnswers[key.text] = value.integer ?? 0 }
            return faults
        }
    }

    /// As the file has it. Errors: those of writing.
    package func write(to path: String) throws(Failure) {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, flag) in [
                ("unreachable", unreachable), ("hangs", hangs), ("wrongCredentials", wrongCredentials), ("forbidden", forbidden),
                ("poolFull", poolFull), ("badChecksum", badChecksum), ("refusesCancel", refusesCancel), ("deafGuests", deafGuests),
            ] where flag {
                writer.key(text: name)
                writer.bool(true)
            }
            writer.member("slowness", slowness)
            if let failsAt { writer.member("failsAt", failsAt) }
            writer.key("failingKinds")
            writer.array { writer in
                for kind in failingKinds { writer.string(kind) }
            }
            writer.key("losesAnswers")
            writer.object { writer in
                for (call, count) in losesAnswers.sorted(by: { $0.key < $1.key }) {
                    writer.key(text: call)
                    writer.integer(count)
                }
            }
        }
        try Files.write(writer.bytes, to: path)
    }

    /// How far work of the kind comes; nil when it does not fail.
    func end(of kind: String) -> Double? { failingKinds.isEmpty || failingKinds.contains(kind) ? failsAt : nil }
}
