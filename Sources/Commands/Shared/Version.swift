/// The version of this build, as `evenkeel --version` and the agents' reports say it.
enum Version {
    /// Semantic version.
    static let text = "0.1.0"
}
