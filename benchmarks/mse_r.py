"""Packages of R for case lists, which are on CRAN alone: they run where R has them.

The given matrix has the cells with their counts; ``run`` gives the seconds and the number to compare.
"""

from __future__ import annotations

CELLS = r"""
cells <- as.data.frame(take(size[1], size[2]))
names(cells) <- c(LETTERS[seq_len(size[2] - 1)], "count")
"""
SPARSE_MSE = (
    CELLS
    + r"""
tasks$run <- function() {
  found <- SparseMSE::estimatepopulation(cells, nboot = size[3], pthresh = 0.02, iseed = 1)
  found$popest
}
"""
)
RCAPTURE = (
    CELLS
    + r"""
tasks$run <- function() {
  found <- Rcapture::closedpMS.t(as.matrix(cells), dfreq = TRUE, maxorder = size[3])$results
  min(found[, "BIC"])
}
"""
)
DGA = (
    CELLS
    + r"""
utils::data(list = paste0("graphs", size[2] - 1), package = "dga")
graphs <- get(paste0("graphs", size[2] - 1))
lists <- size[2] - 1
counts <- array(0, rep(2, lists))
counts[as.matrix(cells[, seq_len(lists)]) + 1] <- cells$count
tasks$run <- function() {
  weights <- dga::bma.cr(counts, seq_len(size[3]), 2^-lists, graphs)
  total <- cumsum(colSums(weights))
  sum(cells$count) + sapply(c(0.025, 0.5, 0.975), function(q) which(total >= q)[1])
}
"""
)
LCMCR = (
    CELLS
    + r"""
tasks$run <- function() {
  people <- cells[cells$count > 0, ]
  people[seq_len(size[2] - 1)] <- lapply(people[seq_len(size[2] - 1)], factor, levels = 0:1)
  names(people)[size[2]] <- "Freq"
  sampler <- LCMCR::lcmCR(people, tabular = TRUE, K = 10, a_alpha = 0.25, b_alpha = 0.25, seed = "1")
  sampler$Update(size[3])
  numeric()
}
"""
)
