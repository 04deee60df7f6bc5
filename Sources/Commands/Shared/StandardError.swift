import Foundation

/// What is said beside a command's result, so that results can be piped.
enum StandardError {
    static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
