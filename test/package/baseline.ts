/**
 * The commit whose package the tests upgrade from: the oldest one that may be deployed with running copies. Nothing is
 * deployed yet. Set it to the commit of the first release, and later to a newer release only when no copies of older
 * releases are running (README.md of src/orchestrations, "Upgrading").
 */
export const baselineCommit = "9c84ba3e7cf5bf7366703aec050525abed2e1cce";
