import Primitives

/// Loki's own words for what it does not take.
enum LokiRules {
    struct Problem {
        /// As Loki's metrics name it.
        var reason: String
        var text: String
    }

    static func problem(labels: [LokiPush.Label], _ limits: LokiLimits) -> Problem? {
        let text = LokiStream.text(labels)
        if labels.isEmpty { return Problem(reason: "missing_labels", text: "error at least one label pair is required per stream") }
        if labels.count > limits.labels {
            return Problem(
                reason: "max_label_names_per_series",
                text: "entry for stream '\(text)' has \(labels.count) label names; limit \(limits.labels)")
        }
        for (index, label) in labels.enumerated() {
            if !isName(label.name) {
                return Problem(
                    reason: "invalid_labels", text: "error parsing labels '\(text)': unexpected \(quoted(label.name)) in label set")
            }
            if label.name.utf8.count > limits.labelNameBytes {
                return Problem(reason: "label_name_too_long", text: "stream '\(text)' has label name too long: '\(label.name)'")
            }
            if label.value.utf8.count > limits.labelValueBytes {
                return Problem(reason: "label_value_too_long", text: "stream '\(text)' has label value too long: '\(label.value)'")
            }
            if index > 0, labels[index - 1].name == label.name {
                return Problem(reason: "duplicate_label_names", text: "stream '\(text)' has duplicate label name: '\(label.name)'")
            }
        }
        return nil
    }

    static func problem(_ entry: LokiPush.Entry, of labels: [LokiPush.Label], _ limits: LokiLimits, now: Double) -> Problem? {
        let seconds = Double(entry.time) / 1e9
        let text = LokiStream.text(labels)
        if seconds < now - limits.ageSeconds {
            return Problem(
                reason: "greater_than_max_sample_age",
                text:
                    "entry for stream '\(text)' has timestamp too old: \(timestampText(seconds)), oldest acceptable timestamp is: \(timestampText(now - limits.ageSeconds))"
            )
        }
        if seconds > now + limits.futureSeconds {
            return Problem(reason: "too_far_in_future", text: "entry for stream '\(text)' has timestamp too new: \(timestampText(seconds))")
        }
        if entry.line.count > limits.lineBytes {
            return Problem(
                reason: "line_too_long",
                text:
                    "max entry size '\(limits.lineBytes)' bytes exceeded for stream '\(text)' while adding an entry with length '\(entry.line.count)' bytes"
            )
        }
        let bytes = entry.bytes - entry.line.count
        if bytes > limits.metadataBytes {
            return Problem(
                reason: "structured_metadata_too_large",
                text: "stream '\(text)' has structured metadata too large: '\(bytes)' bytes, limit: '\(limits.metadataBytes)' bytes")
        }
        if entry.metadata.count > limits.metadataEntries {
            return Problem(
                reason: "structured_metadata_too_many",
                text:
                    "stream '\(text)' has too many structured metadata labels: '\(entry.metadata.count)', limit: '\(limits.metadataEntries)'"
            )
        }
        return nil
    }

    static func tooFarBehind(_ time: Int64, newest: Int64, _ limits: LokiLimits) -> String {
        let oldest = Double(newest) / 1e9 - limits.behindSeconds
        return
            "entry with timestamp \(timestampText(Double(time) / 1e9)) ignored, reason: 'entry too far behind, entry timestamp is: \(timestampText(Double(time) / 1e9)), oldest acceptable timestamp is: \(timestampText(oldest))'"
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "_") }
    }

    private static func quoted(_ text: String) -> String { "\"\(HostileText.oneLine(text, limit: 60))\"" }
}
