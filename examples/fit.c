/* Fits a Gaussian mixture of two components to the rows of a CSV file, in C.
 *
 *   ./fit_c data/faithful.csv
 */
#include <stdio.h>

#include "samebits/samebits.h"

enum { n_cols = 2, n_components = 2, most_rows = 1000 };

/* Reads the rows of a CSV file whose first line holds names; returns how many. */
static int64_t read_csv(const char* path, double* values) {
  int64_t n_rows = 0;
  FILE* const file = fopen(path, "r");
  if (file == NULL) {
    return 0;
  }
  if (fscanf(file, "%*[^\n]") != EOF) {
    while (n_rows < most_rows && fscanf(file, "%lf,%lf", &values[n_rows * n_cols], &values[n_rows * n_cols + 1]) == 2) {
      ++n_rows;
    }
  }
  fclose(file);
  return n_rows;
}

int main(int argc, char** argv) {
  static double x[most_rows * n_cols];
  const int64_t n_rows = read_csv(argc > 1 ? argv[1] : "data/faithful.csv", x);

  samebits_gmm_options options;
  samebits_gmm_options_init(&options); /* always first: it also tells the library how old this program is */
  options.n_components = n_components;

  /* Without options a context is the best backend of this machine with all threads. */
  samebits_context* context = NULL;
  samebits_gmm_model* model = NULL;
  if (samebits_context_create(NULL, &context) != SAMEBITS_OK ||
      samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) != SAMEBITS_OK) {
    fprintf(stderr, "fit: %s\n", samebits_last_error());
    samebits_context_destroy(context);
    return 1;
  }

  const double* const weights = samebits_gmm_model_weights(model);
  const double* const means = samebits_gmm_model_means(model);
  for (int k = 0; k < n_components; ++k) {
    printf("weight %.6f  mean (%.6f, %.6f)\n", weights[k], means[n_cols * k], means[n_cols * k + 1]);
  }
  /* The same line on every machine, with any instruction set and any number of threads. */
  printf("digest %s\n", samebits_gmm_model_digest(model));

  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return 0;
}
