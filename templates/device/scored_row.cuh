// row.cuh; for kernels that read x through nothing but pointers, which RunScores stand for.
using plain::row_length;
