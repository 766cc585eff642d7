import ObjectClient
import Objects
import Primitives
import Testing

/// A server of any sort may say anything; on a terminal it is text.
@Suite struct ShowingTests {
    private static let hostile = ["\u{1B}]0;x\u{7}", "a\nb\r", "\u{9B}2J", "\u{202E}", "\u{200B}", "\u{2028}", "\u{E0041}"]

    private func isShown(_ text: String) -> Bool { !text.unicodeScalars.contains { $0 != "\n" && TerminalText.isObeyed($0) } }

    @Test(arguments: hostile)
    func `a description is text`(word: String) {
        let text = ObjectValue.text(word)
        let object: ObjectValue = [
            "apiVersion": text, "kind": text,
            "metadata": [
                "name": text, "namespace": text, "labels": .members([word: text]), "annotations": .members([word: text]),
                "creationTimestamp": text, "deletionTimestamp": text, "finalizers": [text],
            ],
            "spec": .members([word: text]), "data": .members([word: text]),
            "status": [
                "a": text, "conditions": [["type": text, "status": text, "reason": text, "lastTransitionTime": text, "message": text]],
            ],
        ]
        let operation: ObjectValue = [
            "metadata": ["name": text], "spec": ["operation": text, "startedAt": text], "status": ["phase": text, "message": text],
        ]
        let plain = DescriptionText.text(object, operations: [operation])
        #expect(isShown(plain))
        // Nor can a word pretend to be a line.
        #expect(!plain.contains("\nb"))
    }

    @Test(arguments: hostile)
    func `a table is text`(word: String) {
        let text = ObjectValue.text(word)
        let table: ObjectValue = [
            "columnDefinitions": [["name": text], ["name": "Age"]],
            "rows": [["cells": [text, [text]], "object": ["metadata": ["namespace": text]]]],
        ]
        var shown = TableText(isWide: true, showsNamespace: true)
        let lines = shown.text(table)
        #expect(isShown(lines) && lines.split(separator: "\n").count == 2)
    }
}
