import JSON
import Primitives
import ProviderRPC

/// A machine as its provider said it is, and when it was asked.
package struct MachineSighting: Sendable, Equatable {
    package enum Power: Sendable, Equatable {
        case on, off
        /// Neither: `Paused`, `ShuttingDown`, `Crashed`, …
        case other(String)

        init(_ text: String) {
            switch text.lowercased() {
            // Upstream's controller and its providers do not agree on the words.
            case "on", "poweredon", "running": self = .on
            case "off", "poweredoff", "stopped": self = .off
            default: self = .other(text.isEmpty ? "Unknown" : text)
            }
        }

        package var text: String {
            switch self {
            case .on: "On"
            case .off: "Off"
            case .other(let text): text
            }
        }
    }

    package var power: Power
    package var ips: [String] = []
    package var consoleURL: String?
    /// Virtual processors; nil when the provider did not say.
    package var cpu: Int?
    package var memoryMiB: Int?
    /// What the next start will bring, as it could not be had while the machine runs.
    package var waitsForRestart = false
    /// Whether Describe said how large it is. A list knows neither of the next start nor of what a guest is on its way to.
    package var isDescribed = false
    /// How large the last list said that it is.
    package var listed: Size?
    /// Uid of the object whose machine it is; nil where the provider does not say.
    package var owner: String?
    /// Disks beside the first by their name or number, in GiB; empty where the provider does not say.
    package var facts: [String: String] = [:]

    package init(power: Power) { self.power = power }

    package struct Size: Sendable, Equatable {
        package var cpu: Int?
        package var memoryMiB: Int?
    }

    package var size: Size {
        get { Size(cpu: cpu, memoryMiB: memoryMiB) }
        set { (cpu, memoryMiB) = (newValue.cpu, newValue.memoryMiB) }
    }
}

extension MachineSighting {
    init(_ info: VMInfo) {
        self.init(power: Power(info.powerState))
        ips = info.ips
        cpu = info.cpu > 0 ? Int(info.cpu) : nil
        memoryMiB = info.memoryMiB > 0 ? Int(info.memoryMiB) : nil
        listed = size
        owner = info.providerRaw["owner_uid"].flatMap { $0.isEmpty ? nil : AnswerLimits.clip($0, AnswerLimits.wordLength) }
    }

    /// - Parameter before: what lists said, for what Describe does not say.
    init(_ answer: DescribeResponse, before: MachineSighting?) {
        self.init(power: Power(answer.powerState))
        ips = answer.ips
        consoleURL = answer.consoleURL.isEmpty ? nil : answer.consoleURL
        (cpu, memoryMiB) = (before?.cpu, before?.memoryMiB)
        (isDescribed, listed) = (true, before?.listed)
        guard !answer.providerRawJSON.isEmpty, let raw = try? JSONDocument(parsing: Array(answer.providerRawJSON.utf8)) else { return }
        raw.withRoot { root in
            if let said = (root["vcpus"] ?? root["cpu"])?.integer { cpu = said }
            if let kibibytes = (root["memory_target_kib"] ?? root["memory_kib"])?.integer { memoryMiB = kibibytes >> 10 }
            if let said = (root["memoryMiB"] ?? root["memory_mib"])?.integer { memoryMiB = said }
            if let pending = root["pending_restart"], pending.isObject {
                waitsForRestart = true
                // What was asked for is done, as far as it can be.
                if let said = pending["vcpus"]?.integer { cpu = said }
                if let kibibytes = pending["memory_kib"]?.integer { memoryMiB = kibibytes >> 10 }
            }
            if let said = (root["owner_uid"] ?? root["owner"]?["uid"])?.text, !said.isEmpty {
                owner = AnswerLimits.clip(said, AnswerLimits.wordLength)
            }
            for name in ["uuid", "state", "state_reason", "domain_type", "machine_type"] as [StaticString] {
                if let text = root[name]?.text { facts["\(name)"] = String(text.prefix(200)) }
            }
        }
    }
}
